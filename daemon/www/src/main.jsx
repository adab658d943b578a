// SPDX-License-Identifier: Apache-2.0
import 'uplot/dist/uPlot.min.css';
import './style/base.css';
import './style/bar.css';
import './style/slots.css';
import './style/tile.css';
import './style/views.css';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { Alarms } from './parts/Alarms.jsx';
import { Rework } from './parts/Rework.jsx';
import { TopBar } from './parts/TopBar.jsx';
import { signed_out } from './state/api.js';
import * as figures from './state/figures.js';
import { language, t } from './state/i18n.js';
import * as live from './state/live.js';
import { route } from './state/route.js';
import * as sound from './state/sound.js';
import * as who from './state/who.js';
import { station } from './state/store.js';
import { Attempt } from './views/Attempt.jsx';
import { Attempts } from './views/Attempts.jsx';
import { Orders } from './views/Orders.jsx';
import { Report } from './views/Report.jsx';
import { Slots } from './views/Slots.jsx';
import { Statistics } from './views/Statistics.jsx';

const views = { '': Slots, production: Slots, orders: Orders, statistics: Statistics, report: Report };

function view_for({ view, id }) {
  if (view === 'attempts') return id ? Attempt : Attempts;
  return views[view] ?? Slots;
}

function Page() {
  const at = route.value;
  const View = view_for(at);
  useEffect(() => {
    document.documentElement.lang = language.value;
    document.title = station.value.station ? `${station.value.station} · fleetline` : 'fleetline';
  }, [language.value, station.value.station]);
  return (
    <>
      <TopBar />
      <Alarms />
      {signed_out.value && <p class="alarm alarm--bad" role="alert">{t('sign-in.signed-out')}</p>}
      <View key={`${at.view}/${at.id}`} id={at.id} />
      <Rework />
    </>
  );
}

sound.start();
figures.start();
who.start();
live.start();
render(<Page />, document.getElementById('page'));
