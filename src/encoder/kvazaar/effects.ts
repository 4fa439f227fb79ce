/** What an option does to options that were given before it, as in kvazaar. */
import type { Setting } from './arguments.js';
import type { OptionValue } from './kinds.js';

/** Options that setting the key makes void. */
const RESETS: ReadonlyMap<string, readonly string[]> = new Map([
    // Each GOP structure brings its own defaults for these two.
    ['gop', ['intra-bits', 'clip-neighbour']],
    // Tiles switch both off; only an option that follows them can switch one on again.
    ['tiles', ['tiles-width-split', 'tiles-height-split', 'wpp', 'tmvp']],
    ['tiles-width-split', ['wpp', 'tmvp']],
    ['tiles-height-split', ['wpp', 'tmvp']],
    // Two names for one setting.
    ['level', ['force-level']],
    ['force-level', ['level']],
]);

/** Sets an option, so that of contradicting ones the last counts. */
export function applySetting(values: Map<string, OptionValue>, setting: Setting): void {
    for (const name of RESETS.get(setting.definition.name) ?? []) values.delete(name);
    values.set(setting.definition.name, setting.value);
}
