import { expect, it } from 'vitest';
import { suggest } from '../src/suggest.js';

const NAMES = ['list', 'add', 'use', 'remove', 'encode'];

it.each([
    ['lst', 'list'],
    ['lsit', 'list'],
    ['encoed', 'encode'],
    ['remvoe', 'remove'],
    ['rem', 'remove'],
    ['adds', 'add'],
    ['sue', 'use'],
    ['zebra', undefined],
    ['', undefined],
])('%j was meant to be %j', (typed, meant) => {
    expect(suggest(typed, NAMES)).toBe(meant);
});
