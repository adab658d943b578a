// SPDX-License-Identifier: Apache-2.0
// The station's name, where to go, how cloud and ledger are, who works here, sound, language, lock. In production mode: only the
// station's name, the two states, who works here and the way to unlock.
import { useState } from 'preact/hooks';
import { choose_language, language, languages, t, time_of_day } from '../state/i18n.js';
import { production } from '../state/production.js';
import { route } from '../state/route.js';
import { blocked, muted, toggle_mute } from '../state/sound.js';
import { cloud, connection, ledger, station } from '../state/store.js';
import { tick } from '../state/clock.js';
import { Lock } from './Lock.jsx';
import { Operator } from './Operator.jsx';
import { Sign } from './Shape.jsx';

const views = ['', 'orders', 'attempts', 'statistics', 'report'];

const Navigation = () => (
  <nav class="nav" aria-label={t('nav.title')}>
    {views.map((view) => (
      <a key={view} href={`#/${view}`} aria-current={route.value.view === view ? 'page' : undefined}>
        {t(`nav.${view || 'slots'}`)}
      </a>
    ))}
  </nav>
);

/** A state in colour, sign and word. */
const Health = ({ name, sign, good, text }) => (
  <span class={`health health--${good ? 'good' : 'bad'}`} data-health={sign} data-good={good}>
    <Sign name={sign} />
    <span>{name}</span> <b>{text}</b>
  </span>
);

function CloudHealth() {
  const c = cloud.value;
  if (!c) return null;
  const busy = (c.in_flight ?? 0) + (c.queued ?? 0);
  const text = c.connected ? (busy ? t('health.cloud-busy', { count: busy }) : t('health.good')) : t('health.away');
  return <Health name={t('health.cloud')} sign="cloud" good={c.connected} text={text} />;
}

const LedgerHealth = () => (
  <Health name={t('health.ledger')} sign="ledger" good={ledger.value.writable}
    text={ledger.value.writable ? t('health.good') : t('health.broken')} />
);

const Clock = () => {
  tick.value;
  return <time class="clock">{time_of_day(Date.now())}</time>;
};

const Sound = () => {
  const text = blocked.value && !muted.value ? t('sound.blocked') : muted.value ? t('sound.off') : t('sound.on');
  return (
    <button type="button" class="bar-button" aria-pressed={!muted.value} onClick={toggle_mute}>
      <Sign name={muted.value ? 'silent' : 'sound'} />
      <span>{text}</span>
    </button>
  );
};

const Language = () => (
  <select class="bar-select" aria-label={t('language.title')} value={language.value}
    onChange={(e) => {
      choose_language(e.currentTarget.value);
      e.currentTarget.blur(); // or the next scan would choose another one
    }}>
    {Object.entries(languages).map(([name, text]) => (
      <option key={name} value={name} lang={name} selected={name === language.value}>{text}</option>
    ))}
  </select>
);

export function TopBar() {
  const [locking, set_locking] = useState(false);
  return (
    <header class="bar">
      <p class="bar__station">{station.value.station || 'fleetline'}</p>
      {!production.value && <Navigation />}
      <div class="bar__right">
        {connection.value === 'connecting' && <span class="health">{t('health.connecting')}</span>}
        <CloudHealth />
        <LedgerHealth />
        <Clock />
        <Operator />
        {!production.value && <Sound />}
        {!production.value && <Language />}
        <button type="button" class="bar-button" onClick={() => set_locking(true)}>
          <Sign name={production.value ? 'lock' : 'unlock'} />
          <span>{production.value ? t('lock.unlock') : t('lock.lock')}</span>
        </button>
      </div>
      {locking && <Lock on_close={() => set_locking(false)} />}
    </header>
  );
}
