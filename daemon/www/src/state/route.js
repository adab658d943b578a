// SPDX-License-Identifier: Apache-2.0
// Where in the page we are: #/ (the slots), #/orders, #/attempts?…, #/attempts/ID, #/statistics?…, #/report, #/production/PIN.
import { computed, signal } from '@preact/signals';

const hash = signal(location.hash);
addEventListener('hashchange', () => (hash.value = location.hash));

export const route = computed(() => {
  const [path, query = ''] = hash.value.replace(/^#\/?/, '').split('?');
  const [view = '', ...rest] = path.split('/');
  return { view, id: decodeURIComponent(rest.join('/')), query: Object.fromEntries(new URLSearchParams(query)) };
});

export const go = (to) => {
  location.hash = to;
};

/** As go, but where we were is forgotten. */
export const go_instead = (to) => location.replace(to);
