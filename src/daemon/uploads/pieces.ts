/** Reading a body piece by piece, at the pace of whoever takes them. */
import type { Readable } from 'node:stream';

/**
 * Gives each piece of a stream to `take`, one after the other: the next one follows when what
 * `take` has returned is done, and nothing that `take` began goes on when this has ended.
 *
 * Unlike `for await` it makes no promises for pieces that need no waiting, and it leaves the
 * stream open, so that a request whose body was refused can still be answered.
 * @throws the error of the stream or of `take`; ERR_STREAM_PREMATURE_CLOSE when it closed early
 */
export async function eachPiece(
    body: Readable,
    take: (piece: Buffer) => Promise<void> | undefined,
): Promise<void> {
    let busy: Promise<void> | undefined;
    let stop = (): void => undefined;
    try {
        await new Promise<void>((resolve, reject) => {
            const onData = (piece: Buffer): void => {
                try {
                    busy = take(piece);
                } catch (error) {
                    return reject(error instanceof Error ? error : new Error(String(error)));
                }
                if (!busy) return;
                body.pause();
                busy.then(() => body.resume(), reject);
            };
            const onClose = (): void => {
                const error = new Error('the stream closed before its end');
                reject(Object.assign(error, { code: 'ERR_STREAM_PREMATURE_CLOSE' }));
            };
            if (body.errored) return reject(body.errored);
            if (body.readableEnded) return resolve();
            if (body.destroyed) return onClose();
            stop = () => void body.off('data', onData).pause();
            // The others stay: what happens to the stream later is nobody's failure any more.
            body.on('data', onData).on('end', resolve).on('error', reject).on('close', onClose);
        });
    } finally {
        stop();
        await busy;
    }
}
