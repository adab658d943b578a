// SPDX-License-Identifier: Apache-2.0
// The page's languages. English failure texts are the station's (lib/station/failure_catalogue, taken in when the page
// is built); the other languages have them here by code.
import { signal } from '@preact/signals';
import catalogue from 'fleetline:catalogue';
import en from '../lang/en.json';
import ja from '../lang/ja.json';
import zh from '../lang/zh-CN.json';
import ja_codes from '../lang/ja.codes.json';
import zh_codes from '../lang/zh-CN.codes.json';
import { read_setting, write_setting } from './settings.js';

export const languages = { en: 'English', ja: '日本語', 'zh-CN': '简体中文' };
const texts = { en, ja, 'zh-CN': zh };
const codes = { en: catalogue, ja: ja_codes, 'zh-CN': zh_codes };

/** The first of the browser's languages that we have. */
export function preferred(wanted) {
  for (const each of wanted) {
    const name = each.toLowerCase();
    if (name.startsWith('zh')) return 'zh-CN';
    if (name.startsWith('ja')) return 'ja';
    if (name.startsWith('en')) return 'en';
  }
  return 'en';
}

const stored = read_setting('language');
export const language = signal(languages[stored] ? stored : preferred(navigator.languages ?? []));

export function choose_language(name) {
  write_setting('language', name);
  language.value = name;
}

/** `t('slot.since', { time })`: the text in the chosen language with {time} filled in. */
export function t(key, values) {
  const text = texts[language.value][key] ?? en[key] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all)) : text;
}

export const has_text = (key) => en[key] !== undefined;

export const failure_codes = Object.keys(catalogue);

/** What a failure is called, in the chosen language; a code from a newer station in the words that came with it. */
export const failure_text = (code, said) => codes[language.value][code]?.text || said || code || '';
export const next_action = (code, said) => codes[language.value][code]?.next || said || '';
export const retry_can_help = (code) => catalogue[code]?.retry ?? true;

/** Dates as the browser's country writes them, if it speaks the chosen language. */
const locale = () => (navigator.languages ?? []).find((l) => l.split('-')[0] === language.value.split('-')[0]) ?? language.value;

const formatters = new Map();
function formatter(name, make) {
  const key = `${name} ${language.value}`;
  if (!formatters.has(key)) formatters.set(key, make(locale()));
  return formatters.get(key);
}

export const number = (value, digits = 0) =>
  formatter(
    `n${digits}`,
    (l) => new Intl.NumberFormat(l, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  ).format(value);

export const percent = (ratio) =>
  ratio === null || ratio === undefined
    ? '–'
    : formatter('p', (l) => new Intl.NumberFormat(l, { style: 'percent', maximumFractionDigits: 1 })).format(ratio);

export const time_of_day = (when) =>
  formatter('t', (l) => new Intl.DateTimeFormat(l, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })).format(
    new Date(when),
  );

export const date = (when) => formatter('day', (l) => new Intl.DateTimeFormat(l, { dateStyle: 'medium' })).format(new Date(when));

export const date_time = (when) =>
  when
    ? formatter(
        'd',
        (l) => new Intl.DateTimeFormat(l, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' }),
      ).format(new Date(when))
    : '';

/** 900 ms, 4.2 s, 3:07 min, 2:05 h: short enough for a tile. */
export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${number(ms / 1000, 1)} s`;
  return clock(ms / 1000);
}

/** Whole seconds for what is still running. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (n) => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)} h`;
}
