import { expect, it } from 'vitest';
import { Store } from '../../../src/daemon/store/index.js';

it('knows how the daemon before this one ended', () => {
    const { meta } = new Store(':memory:');
    expect(meta.begin('one')).toBe('in-order');
    expect(meta.begin('one')).toBe('killed');
    expect(meta.begin('two')).toBe('system-down');
    expect(meta.begin(undefined)).toBe('system-down');
    expect(meta.begin(undefined)).toBe('system-down');
    meta.ended();
    expect(meta.begin('two')).toBe('in-order');
});
