import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { eachPiece } from '../../../src/daemon/uploads/pieces.js';

/** A promise and what settles it. */
function gate(): { opened: Promise<void>; open: () => void } {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    return { opened, open };
}

it('gives each piece once and in order, the next one when the last is done with', async () => {
    const seen: string[] = [];
    let busy = false;
    await eachPiece(
        Readable.from(['a', 'b', 'c', 'd'].map((text) => Buffer.from(text))),
        (piece) => {
            expect(busy).toBe(false);
            seen.push(piece.toString());
            // Every other piece takes its time.
            if (seen.length % 2 === 0) return undefined;
            busy = true;
            return Promise.resolve().then(() => void (busy = false));
        },
    );
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
});

it('leaves the stream open when a piece is refused', async () => {
    const body = new PassThrough();
    body.write('bad');
    const refused = eachPiece(body, () => {
        throw new Error('refused');
    });
    await expect(refused).rejects.toThrow('refused');
    expect(body.destroyed).toBe(false);
    expect(body.isPaused()).toBe(true);
});

it('waits for what it began when the stream breaks', async () => {
    const body = new PassThrough();
    const { opened, open } = gate();
    const taken = gate();
    let ended = false;
    const work = eachPiece(body, () => {
        taken.open();
        return opened;
    }).finally(() => (ended = true));
    work.catch(() => undefined);
    body.write('piece');
    await taken.opened;
    const closed = new Promise((resolve) => body.once('close', resolve));
    body.destroy(Object.assign(new Error('gone'), { code: 'ECONNRESET' }));
    await closed;
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    open();
    await expect(work).rejects.toMatchObject({ code: 'ECONNRESET' });
});

it('tells a stream that closed before its end, also one that had closed before', async () => {
    const body = new PassThrough();
    const work = eachPiece(body, () => undefined);
    body.destroy();
    await expect(work).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    await expect(eachPiece(body, () => undefined)).rejects.toMatchObject({
        code: 'ERR_STREAM_PREMATURE_CLOSE',
    });
});
