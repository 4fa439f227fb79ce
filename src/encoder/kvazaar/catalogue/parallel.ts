/** Threads, wavefronts, tiles and slices. */
import type { OptionDefinition } from './types.js';

const BUDGET = "running jobs share the machine's cores, and kvz-cloud divides them";

export const PARALLEL_OPTIONS: readonly OptionDefinition[] = [
    {
        name: 'threads',
        group: 'Parallel processing',
        class: 'ours',
        reason: BUDGET,
        kind: { type: 'integer', min: 0, max: 256, words: ['auto'] },
        default: 'auto',
        help: 'Number of threads to use; 0 codes everything in the main thread',
    },
    {
        name: 'owf',
        group: 'Parallel processing',
        class: 'ours',
        reason: BUDGET,
        kind: { type: 'integer', min: 0, max: 64, words: ['auto'] },
        default: 'auto',
        help: 'Frame-level parallelism: N codes N+1 frames at a time',
    },
    {
        name: 'tiles',
        group: 'Parallel processing',
        class: 'allowed',
        kind: { type: 'tiles' },
        help: 'Split picture into columns x rows uniform tiles',
    },
    {
        name: 'tiles-width-split',
        group: 'Parallel processing',
        class: 'allowed',
        kind: { type: 'tile-split' },
        help: 'Tile columns: pixel coordinates, or uN for N columns of uniform width',
    },
    {
        name: 'tiles-height-split',
        group: 'Parallel processing',
        class: 'allowed',
        kind: { type: 'tile-split' },
        help: 'Tile rows: pixel coordinates, or uN for N rows of uniform height',
    },
    {
        name: 'wpp',
        group: 'Parallel processing',
        class: 'allowed',
        kind: { type: 'switch' },
        off: false,
        default: true,
        help: 'Wavefront parallel processing; tiles switch it off unless it comes after them',
    },
    {
        name: 'slices',
        group: 'Parallel processing',
        class: 'allowed',
        kind: { type: 'choice', values: ['tiles', 'wpp', 'tiles+wpp'] },
        help: 'Independent slices for tiles, dependent slices for rows, or both',
    },
    {
        name: 'partial-coding',
        group: 'Parallel processing',
        class: 'refused',
        reason: 'it codes a part of each picture, which is no valid stream by itself',
        kind: { type: 'text' },
        help: 'Encode partial frame',
    },
];
