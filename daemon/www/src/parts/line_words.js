// SPDX-License-Identifier: Apache-2.0
// What the station says of a wrong line of a list, in the page's language; what is not known here as it says it.
import { t } from '../state/i18n.js';

const known = [
  [/^there is no serial number$/, 'line.none'],
  [/^the serial number is longer than (?<most>\d+) characters$/, 'line.long'],
  [/^the serial number is not UTF-8: (?<text>.*)$/, 'line.not-utf8'],
  [/^the serial number has white space or control characters: (?<text>.*)$/, 'line.space'],
  [/^serial (?<text>.*) is in line (?<line>\d+) already$/, 'line.twice'],
  [/^a quote is not closed$/, 'line.quote'],
  [/^the list is empty$/, 'line.empty'],
  [/^this is neither a text nor an object with a text "serial"$/, 'line.not-serial'],
  [/^this is not a JSON list$/, 'line.not-list'],
  [/^'(?<text>.*)' is no serial number of the order's product$/, 'line.unfit'],
];

export function line_words(text) {
  for (const [pattern, key] of known) {
    const found = pattern.exec(text);
    if (found) return t(key, found.groups);
  }
  return text;
}
