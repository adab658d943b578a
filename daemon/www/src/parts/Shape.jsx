// SPDX-License-Identifier: Apache-2.0
// A shape for each state, so that nobody needs to tell red from green: a ticked disc, a crossed octagon, a barred
// diamond, a broken plug, a cloud.
const drawings = {
  passed: (
    <>
      <circle cx="24" cy="24" r="21" class="shape__back" />
      <path d="M13 25l8 8 15-17" class="shape__line" />
    </>
  ),
  failed: (
    <>
      <path d="M15.3 3h17.4L45 15.3v17.4L32.7 45H15.3L3 32.7V15.3z" class="shape__back" />
      <path d="M15.5 15.5l17 17m0-17l-17 17" class="shape__line" />
    </>
  ),
  refused: (
    <>
      <path d="M24 1.5L46.5 24 24 46.5 1.5 24z" class="shape__back" />
      <path d="M13 24h22" class="shape__line" />
    </>
  ),
  abandoned: (
    <>
      <path d="M24 3L46 43H2z" class="shape__back" />
      <path d="M24 17v12m0 6.4v.2" class="shape__line" />
    </>
  ),
  'waiting-for-cloud': (
    <>
      <path
        d="M13 38a9.5 9.5 0 0 1-1-18.9A13 13 0 0 1 37 17a10.6 10.6 0 0 1-1.5 21z"
        class="shape__back"
      />
      <path d="M17 28h.2m6.8 0h.2m6.8 0h.2" class="shape__line" />
    </>
  ),
  'waiting-for-scan': (
    <>
      <path d="M4 14V5h10M34 5h10v9M44 34v9H34M14 43H4v-9" class="shape__outline" />
      <path d="M12 14v20m6-20v20m5-20v20m7-20v20m6-20v20" class="shape__outline" />
    </>
  ),
  empty: <rect x="5" y="9" width="38" height="30" rx="5" class="shape__outline shape__outline--dashed" />,
};

export const Shape = ({ state }) => (
  <svg class={`shape shape--${state}`} viewBox="0 0 48 48" aria-hidden="true" focusable="false">
    {drawings[state] ?? drawings.empty}
  </svg>
);

const signs = {
  cloud: 'M13 38a9.5 9.5 0 0 1-1-18.9A13 13 0 0 1 37 17a10.6 10.6 0 0 1-1.5 21z',
  ledger: 'M10 5h24a4 4 0 0 1 4 4v34H14a4 4 0 0 1-4-4zM10 38a4 4 0 0 1 4-4h24M18 13h13M18 20h13',
  link: 'M6 34h36M24 34v-9m-9 0h18V8H15zM24 40v.1',
  sound: 'M6 18v12h8l11 9V9l-11 9zM31 18a9 9 0 0 1 0 12M36 12a17 17 0 0 1 0 24',
  silent: 'M6 18v12h8l11 9V9l-11 9zM32 19l10 10m0-10L32 29',
  lock: 'M10 21h28v22H10zM16 21v-7a8 8 0 0 1 16 0v7M24 29v6',
  unlock: 'M10 21h28v22H10zM16 21v-9a8 8 0 0 1 15-4M24 29v6',
  person: 'M24 23a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM7 43a17 17 0 0 1 34 0z',
  retry: 'M40 10v11H29M39 20A16 16 0 1 0 40 29',
  scan: 'M4 14V6h8M36 6h8v8M44 34v8h-8M12 42H4v-8M12 14v20m6-20v20m6-20v20m6-20v20m6-20v20',
};

export const Sign = ({ name }) => (
  <svg class="sign" viewBox="0 0 48 48" aria-hidden="true" focusable="false">
    <path d={signs[name]} />
  </svg>
);
