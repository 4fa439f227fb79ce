/** The spelling by which equal requests are recognised. */
import { CATALOGUE } from './catalogue.js';
import { baseValues, effectiveValues, tileSplit } from './effective.js';
import type { Values } from './effective.js';
import type { OptionValue } from './kinds.js';

/** Replaces --tiles and the splits by the columns and rows that they come to. */
function mergeTiles(values: Map<string, OptionValue>): void {
    const { columns, rows } = tileSplit(values);
    for (const name of ['tiles', 'tiles-width-split', 'tiles-height-split']) values.delete(name);
    if (columns !== undefined) values.set('tiles-width-split', columns);
    if (rows !== undefined) values.set('tiles-height-split', rows);
}

/**
 * One line such as `medium period=32 qp=27`: the preset, then every value that differs from what
 * the preset alone leads to, sorted by name.
 */
export function normalForm(preset: string, values: Values): string {
    const base = baseValues(preset);
    const effective = effectiveValues(preset, values);
    mergeTiles(effective);
    // What kvz-cloud sets from the source and the machine is no part of the request.
    for (const { name, class: optionClass } of CATALOGUE) {
        if (optionClass !== 'allowed') effective.delete(name);
    }
    // A key without encryption does nothing.
    if (effective.get('crypto') === 'off') effective.delete('key');
    const parts = [...effective]
        .filter(([name, value]) => base.get(name) !== value)
        .map(([name, value]) => `${name}=${String(value)}`)
        .sort();
    return [preset, ...parts].join(' ');
}
