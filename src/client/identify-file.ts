/** Finds out which file it is, by its content or by what is remembered of it. */
import type { EncodeServices } from './encode-request.js';
import type { EncodeEvent } from './events.js';
import { hashFile } from './hash.js';
import type { FileHash } from './hash.js';
import type { InputFile } from './input-file.js';
import { throttled } from './throttled.js';

/** @throws KvzError FILE_CHANGED; the signal's reason */
export async function identifyFile(
    file: InputFile,
    { cache, hashing }: Pick<EncodeServices, 'cache' | 'hashing'>,
    emit: (event: EncodeEvent) => void,
    signal: AbortSignal,
): Promise<FileHash> {
    const totalBytes = file.version.sizeBytes;
    const known = await cache.get(file);
    if (known) {
        emit({ event: 'hash', bytes: totalBytes, totalBytes, cached: true });
        return known;
    }
    const hash = await hashing.add(
        async () => {
            const startedMs = Date.now();
            emit({ event: 'hash', bytes: 0, totalBytes });
            const result = await hashFile(file, {
                signal,
                onProgress: throttled((bytes) => emit({ event: 'hash', bytes, totalBytes })),
            });
            await cache.put(file, result, startedMs);
            return result;
        },
        { signal },
    );
    emit({ event: 'hash', bytes: totalBytes, totalBytes });
    return hash;
}
