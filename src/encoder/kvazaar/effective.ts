/** What kvazaar is configured with in the end: defaults, preset and request together. */
import { CATALOGUE } from './catalogue.js';
import { gopOf } from './gop.js';
import type { OptionValue } from './kinds.js';
import { PRESETS } from './presets.js';

export type Values = ReadonlyMap<string, OptionValue>;

/** Tiles as one: uN or a list of pixels for each direction, or nothing for a single tile. */
export interface TileSplit {
    readonly columns: string | undefined;
    readonly rows: string | undefined;
}

/** The three options about tiles taken together; --tiles-*-split count where both are given. */
export function tileSplit(values: Values): TileSplit {
    const [columns = '1', rows = '1'] = String(values.get('tiles') ?? '1x1').split('x');
    const uniform = (count: string): string | undefined =>
        count === '1' ? undefined : `u${count}`;
    return {
        columns: values.get('tiles-width-split')?.toString() ?? uniform(columns),
        rows: values.get('tiles-height-split')?.toString() ?? uniform(rows),
    };
}

/** The option that asked for tiles, also for a single one; nothing when none did. */
export function tileOption(values: Values): string | undefined {
    return ['tiles', 'tiles-width-split', 'tiles-height-split'].find((name) => values.has(name));
}

/** What kvazaar uses when a request sets nothing: the preset's value, else its own default. */
export function baseValues(preset: string): Map<string, OptionValue> {
    const base = new Map<string, OptionValue>();
    for (const { name, default: value } of CATALOGUE) {
        if (value !== undefined) base.set(name, value);
    }
    for (const [name, value] of Object.entries(PRESETS.get(preset) ?? {})) base.set(name, value);
    return base;
}

/**
 * What kvazaar ends up with, side effects of options on others included. `--level` and
 * `--force-level` are one setting: only the one that counts is in the result.
 */
export function effectiveValues(preset: string, values: Values): Map<string, OptionValue> {
    const effective = baseValues(preset);
    if (gopOf(String(values.get('gop') ?? '0')).type === 'low-delay') {
        effective.set('intra-bits', true);
        effective.set('clip-neighbour', false);
    }
    if (tileOption(values) !== undefined) {
        effective.set('wpp', false);
        effective.set('tmvp', false);
    }
    if (values.has('level')) effective.delete('force-level');
    // kvazaar takes an algorithm as soon as it has a target.
    if (Number(values.get('bitrate') ?? 0) > 0) effective.set('rc-algorithm', 'lambda');
    for (const [name, value] of values) effective.set(name, value);
    return effective;
}
