import { expect, it } from 'vitest';
import { Seldom } from '../../src/worker/seldom.js';

it('says the same once a minute, and other things meanwhile', () => {
    let now = 0;
    const seldom = new Seldom(() => now);
    expect(seldom.isDue('gone')).toBe(true);
    now = 59_999;
    expect(seldom.isDue('gone')).toBe(false);
    expect(seldom.isDue('back')).toBe(true);
    now = 60_000;
    expect(seldom.isDue('gone')).toBe(true);
    expect(seldom.isDue('gone')).toBe(false);
});

it('does not remember without bound', () => {
    const seldom = new Seldom(() => 0);
    for (let number = 0; number <= 100; number += 1) seldom.isDue(`text ${number}`);
    expect(seldom.isDue('text 0')).toBe(true);
    expect(seldom.isDue('text 100')).toBe(false);
});
