/** Which signs and colours a terminal can show. */
import { shorten } from './format.js';

export interface Theme {
    color: boolean;
    /** Only signs of ASCII are shown. */
    ascii: boolean;
    /** Signs beside the phases. */
    done: string;
    active: string;
    failed: string;
    arrow: string;
    /** Between short facts on one line. */
    dot: string;
    full: string;
    empty: string;
    /** Heights of a bar of one character, from low to high. */
    sparks: string;
}

/**
 * Whether the locale has a character set that holds more than ASCII, and the terminal the signs
 * for it: Linux's own console has 512 at most.
 */
function supportsUnicode(env: NodeJS.ProcessEnv): boolean {
    if (env['TERM'] === 'linux') return false;
    const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
    return /utf-?8/i.test(locale) || (process.platform === 'darwin' && locale === '');
}

export function arrow(env: NodeJS.ProcessEnv): string {
    return supportsUnicode(env) ? '→' : '->';
}

export function chooseTheme(env: NodeJS.ProcessEnv): Theme {
    const color = !env['NO_COLOR'];
    return supportsUnicode(env)
        ? {
              color,
              ascii: false,
              done: '✔',
              active: '▸',
              failed: '✖',
              arrow: '→',
              dot: ' · ',
              full: '━',
              empty: '─',
              sparks: '▁▂▃▄▅▆▇█',
          }
        : {
              color,
              ascii: true,
              done: '+',
              active: '>',
              failed: 'x',
              arrow: '->',
              dot: ', ',
              full: '#',
              empty: '-',
              sparks: '_.-~=*#',
          };
}

/**
 * Text for one line of `width` characters. Ink cuts lines itself and knows how wide characters
 * are, but marks the cut by a sign that is not ASCII.
 */
export function fit(text: string, width: number, theme: Theme): string {
    return theme.ascii ? shorten(text, width, '..') : text;
}

/** A bar of `width` characters. @param percent 0 to 100 */
export function barParts(percent: number, width: number, theme: Theme): [string, string] {
    const full = Math.max(0, Math.min(width, Math.round((percent / 100) * width)));
    return [theme.full.repeat(full), theme.empty.repeat(width - full)];
}

/** Values as a row of `width` bars, from nothing to the largest. Fewer values are stretched. */
export function sparkline(values: readonly number[], width: number, theme: Theme): string {
    const largest = Math.max(...values);
    if (values.length === 0 || width <= 0 || largest <= 0) return '';
    return Array.from({ length: width }, (_, column) => {
        const from = Math.floor((column * values.length) / width);
        const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width));
        const part = values.slice(from, to);
        const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
        const height = Math.round((mean / largest) * (theme.sparks.length - 1));
        return theme.sparks.charAt(height);
    }).join('');
}

/** Puts short facts on as few lines of `width` characters as they need. */
export function wrapParts(parts: readonly string[], width: number, separator: string): string[] {
    const lines: string[] = [];
    for (const part of parts) {
        const last = lines.at(-1);
        const joined = last === undefined ? part : `${last}${separator}${part}`;
        if (last !== undefined && joined.length <= width) lines[lines.length - 1] = joined;
        else lines.push(part);
    }
    return lines;
}
