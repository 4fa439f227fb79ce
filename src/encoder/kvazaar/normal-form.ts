/** The spelling by which equal requests are recognised. */
import { CATALOGUE } from './catalogue.js';
import { gopOf } from './gop.js';
import type { OptionValue } from './kinds.js';
import { PRESETS } from './presets.js';

/**
 * What kvazaar uses for an option that a request leaves open: the preset's value, else the
 * program's default. Nothing where there is none.
 */
export function baseValues(
    preset: string,
    values: ReadonlyMap<string, OptionValue>,
): Map<string, OptionValue> {
    const base = new Map<string, OptionValue>();
    for (const { name, default: value } of CATALOGUE) {
        if (value !== undefined) base.set(name, value);
    }
    const settings = PRESETS.get(preset) ?? {};
    for (const [name, value] of Object.entries(settings)) base.set(name, value);
    const gop = values.get('gop');
    if (gop !== undefined && gopOf(String(gop)).type === 'low-delay') {
        base.set('intra-bits', true);
        base.set('clip-neighbour', false);
    }
    return base;
}

/** --tiles and the two --tiles-*-split as one: columns and rows, each given or not. */
function mergeTiles(values: Map<string, OptionValue>): void {
    const tiles = values.get('tiles');
    if (tiles === undefined) return;
    values.delete('tiles');
    const [columns, rows] = String(tiles).split('x');
    for (const [name, count] of [
        ['tiles-width-split', columns],
        ['tiles-height-split', rows],
    ] as const) {
        if (!values.has(name)) values.set(name, `u${count}`);
    }
}

/**
 * One line such as `medium period=32 qp=27`: the preset, then every value that differs from what
 * kvazaar would use anyway, sorted by name.
 */
export function normalForm(preset: string, values: ReadonlyMap<string, OptionValue>): string {
    const base = baseValues(preset, values);
    const different = new Map(values);
    mergeTiles(different);
    const tiled = different.has('tiles-width-split') || different.has('tiles-height-split');
    if (tiled) {
        base.set('wpp', false);
        base.set('tmvp', false);
    }
    const parts = [...different]
        .filter(([name, value]) => base.get(name) !== value)
        .map(([name, value]) => `${name}=${String(value)}`)
        .sort();
    return [preset, ...parts].join(' ');
}
