/** Which signs and colours a terminal can show. */

export interface Theme {
    color: boolean;
    /** Signs beside the phases. */
    done: string;
    active: string;
    failed: string;
    arrow: string;
    /** Between short facts on one line. */
    dot: string;
    full: string;
    empty: string;
}

/** Whether the locale has a character set that holds more than ASCII. */
export function supportsUnicode(env: NodeJS.ProcessEnv): boolean {
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
              done: '✔',
              active: '▸',
              failed: '✖',
              arrow: '→',
              dot: ' · ',
              full: '━',
              empty: '─',
          }
        : {
              color,
              done: '+',
              active: '>',
              failed: 'x',
              arrow: '->',
              dot: ', ',
              full: '#',
              empty: '-',
          };
}

/** A bar of `width` characters. @param percent 0 to 100 */
export function barParts(percent: number, width: number, theme: Theme): [string, string] {
    const full = Math.max(0, Math.min(width, Math.round((percent / 100) * width)));
    return [theme.full.repeat(full), theme.empty.repeat(width - full)];
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
