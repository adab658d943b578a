// SPDX-License-Identifier: Apache-2.0
// The operator's view: order header, scan field, one tile per slot.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../state/i18n.js';
import { connection, slot_names } from '../state/store.js';
import { Announcer } from '../parts/Announcer.jsx';
import { Attention } from '../parts/Attention.jsx';
import { OrderHeader } from '../parts/OrderHeader.jsx';
import { ScanBox } from '../parts/ScanBox.jsx';
import { SlotDialog } from '../parts/SlotDialog.jsx';
import { Tile } from '../parts/Tile.jsx';
import { arrange } from './layout.js';

/** Follows the size of the element; 256 tiles are laid out with four numbers. */
function useArrangement(element, count) {
  const [found, set_found] = useState(null);
  useLayoutEffect(() => {
    const measure = () => {
      const box = element.current;
      if (!box || count === 0) return;
      const next = arrange(count, box.clientWidth, box.clientHeight);
      set_found((old) => (JSON.stringify(old) === JSON.stringify(next) ? old : next));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [count]);
  useLayoutEffect(() => {
    if (!found) return;
    const style = element.current.style;
    style.setProperty('--columns', found.columns);
    style.setProperty('--tile-height', `${found.height}px`);
    const [wide, high] = found.density === 'large' ? [22, 10] : [17, 9.5];
    style.setProperty('--u', `${Math.min(found.width / wide, found.height / high).toFixed(2)}px`);
  }, [found]);
  return found;
}

const moves = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: (c) => -c, ArrowDown: (c) => c };

export function Slots() {
  const names = slot_names.value;
  const area = useRef(null);
  const found = useArrangement(area, names.length);
  const [opened, set_opened] = useState('');
  const [reachable, set_reachable] = useState(0);

  const on_key = (event) => {
    const at = [...event.currentTarget.children].findIndex((tile) => tile.contains(event.target));
    let to = moves[event.key] ? at + moves[event.key](found?.columns ?? 1) : -1;
    if (event.key === 'Home') to = 0;
    if (event.key === 'End') to = names.length - 1;
    if (at < 0 || to < 0 || to >= names.length) return;
    event.preventDefault();
    set_reachable(to);
    event.currentTarget.children[to].querySelector('.tile__name').focus();
  };

  useEffect(() => {
    if (reachable >= names.length) set_reachable(0);
  }, [names.length]);

  return (
    <main class={`slots${found?.list ? ' slots--list' : ''}${connection.value === 'lost' ? ' slots--old' : ''}`}>
      <h1 class="unseen">{t('nav.slots')}</h1>
      <div class="top">
        <OrderHeader />
        <ScanBox />
      </div>
      <div class="floor" ref={area}>
        <div class="grid-area">
          {names.length === 0 && connection.value === 'live' && <p class="none">{t('slots.none')}</p>}
          <ul class={`grid grid--${found?.density ?? 'large'}`} aria-label={t('nav.slots')} onKeyDown={on_key}>
            {names.map((name, i) => (
              <Tile key={name} name={name} reachable={i === reachable} on_open={set_opened} />
            ))}
          </ul>
        </div>
        {found?.list && <Attention />}
      </div>
      <Announcer />
      {opened && <SlotDialog name={opened} on_close={() => set_opened('')} />}
    </main>
  );
}
