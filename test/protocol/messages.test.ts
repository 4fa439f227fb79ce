import { describe, expect, it } from 'vitest';
import { clientMessageSchema, firstIssue } from '../../src/protocol/messages.js';

const file = { id: 'a'.repeat(64), name: 'clip.mp4', size: 5, kind: 'container' };
const request = {
    type: 'encode.request',
    id: 1,
    file,
    options: { preset: 'fast', container: 'mp4' },
};

function problem(message: unknown): string {
    const parsed = clientMessageSchema.safeParse(message);
    if (parsed.success) throw new Error('the message was accepted');
    return firstIssue(parsed.error);
}

describe('client messages', () => {
    it('are filled with defaults', () => {
        expect(clientMessageSchema.parse(request)).toMatchObject({
            options: { preset: 'fast', container: 'mp4', kvazaar: [], logo: { enabled: true } },
            priority: 0,
        });
        expect(clientMessageSchema.parse({ type: 'encode.request', id: 1, file })).toMatchObject({
            options: { preset: 'medium', container: 'mkv' },
        });
    });

    it('carry raw formats for raw video, and only then', () => {
        const raw = { width: 64, height: 64, fps: '30000/1001', pixelFormat: 'yuv420p' };
        const asRaw = { ...request, file: { ...file, kind: 'raw', raw } };
        expect(clientMessageSchema.safeParse(asRaw).success).toBe(true);
        expect(problem({ ...request, file: { ...file, raw } })).toContain('file.raw');
        expect(problem({ ...request, file: { ...file, kind: 'raw' } })).toContain('file.raw');
    });

    it.each([
        [
            'an id that is no tree hash',
            { ...request, file: { ...file, id: '../../etc' } },
            'file.id',
        ],
        ['a negative size', { ...request, file: { ...file, size: -1 } }, 'file.size'],
        [
            'an unknown container',
            { ...request, options: { container: 'avi' } },
            'options.container',
        ],
        ['a message number that is none', { ...request, id: '1' }, 'id'],
        ['a priority out of range', { ...request, priority: 1e9 }, 'priority'],
        ['an unknown type', { type: '__proto__', id: 1 }, 'type'],
        ['nothing', null, ''],
    ])('with %s are refused by name', (_, message, path) => {
        expect(problem(message)).toContain(path);
    });
});
