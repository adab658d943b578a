// SPDX-License-Identifier: Apache-2.0
// What is not well with the station, loud: no connection to it, cloud away, ledger not writable, stopping. Nothing is
// shown while all is well.
import { failure_text, next_action, t, time_of_day } from '../state/i18n.js';
import { cloud, connection, connection_since, ledger, station } from '../state/store.js';
import { Sign } from './Shape.jsx';

const Alarm = ({ kind, sign, title, text, next, detail }) => (
  <div class={`alarm alarm--${kind}`} role="alert" data-alarm={sign}>
    <Sign name={sign} />
    <p>
      <strong>{title}</strong>
      {text && ` ${text}`}
      {next && ` ${next}`}
      {detail && ` (${detail})`}
    </p>
  </div>
);

export function Alarms() {
  const found = [];
  if (connection.value === 'lost') {
    found.push(
      <Alarm key="link" kind="bad" sign="link" title={t('alarm.lost', { time: time_of_day(connection_since.value) })}
        text={t('alarm.lost-text')} />,
    );
  }
  if (!ledger.value.writable) {
    found.push(
      <Alarm key="ledger" kind="bad" sign="ledger" title={failure_text('station-ledger-unwritable', t('alarm.ledger'))}
        next={next_action('station-ledger-unwritable', t('alarm.ledger-next'))} detail={ledger.value.trouble} />,
    );
  }
  const c = cloud.value;
  if (c && !c.connected) {
    found.push(
      <Alarm key="cloud" kind="warn" sign="cloud" title={t('alarm.cloud', { time: time_of_day(c.since) })}
        text={failure_text(c.trouble_code, c.trouble)} next={t('alarm.cloud-next')} />,
    );
  }
  if (station.value.stopping) {
    found.push(<Alarm key="stop" kind="warn" sign="link" title={t('alarm.stopping')} text={t('alarm.stopping-text')} />);
  }
  return <div class="alarms">{found}</div>;
}
