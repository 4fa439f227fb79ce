import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { localProof, localSourceSchema } from '../../src/protocol/local-source.js';

const KEY = Buffer.alloc(32, 7);
const REQUEST = { url: '/upload?a=1', digests: '00,11', source: '{"pid":1}' };

describe('the proof of a local source', () => {
    it('is the HMAC of all that the request says', () => {
        const expected = createHmac('sha256', KEY)
            .update('kvz-cloud local source 1\n/upload?a=1\n00,11\n{"pid":1}')
            .digest('hex');
        expect(localProof(KEY, REQUEST)).toBe(expected);
    });

    it.each([
        { url: '/upload?a=2' },
        { digests: '00,12' },
        { source: '{"pid":2}' },
        // Nothing can be moved from one part to the next.
        { url: '/upload?a=1\n00,11', digests: '{"pid":1}', source: '' },
    ])('is another one for %o', (change) => {
        expect(localProof(KEY, { ...REQUEST, ...change })).not.toBe(localProof(KEY, REQUEST));
        expect(localProof(Buffer.alloc(32, 8), REQUEST)).not.toBe(localProof(KEY, REQUEST));
    });
});

describe('what a client says of its file', () => {
    const said = { pid: 1, fd: 0, device: '1', inode: '2', size: 3, mtimeNs: '4' };

    it('is six numbers', () => {
        expect(localSourceSchema.parse(said)).toEqual(said);
    });

    it.each([
        ...[{ pid: 0 }, { pid: -1 }, { pid: 1.5 }, { pid: '1' }, { pid: 'self' }, { pid: 2 ** 53 }],
        ...[{ fd: -1 }, { fd: '../environ' }, { fd: null }, { fd: undefined }],
        ...[{ size: 0 }, { device: 1 }, { inode: '' }, { inode: '-1' }, { mtimeNs: '1e3' }],
    ])('is not with %o', (change) => {
        expect(localSourceSchema.safeParse({ ...said, ...change }).success).toBe(false);
    });
});
