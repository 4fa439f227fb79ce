/** Reads the chunks of a file for an upload, and sees whether it is still the file that was hashed. */
import { DIGEST_BYTES, leafDigest } from '../protocol/file-id.js';
import { LEAF_BYTES } from '../protocol/limits.js';
import { readExactly } from './hash.js';
import { fileChanged, fileVersion, sameVersion } from './input-file.js';
import type { FileVersion, InputFile } from './input-file.js';

export class ChunkReader {
    readonly #file: InputFile;
    readonly #digests: Uint8Array;
    #spare: Buffer[] = [];

    /** @param digests of all leaves, one after the other */
    constructor(file: InputFile, digests: Uint8Array) {
        this.#file = file;
        this.#digests = digests;
    }

    /**
     * Reads a chunk. The daemon compares it with the digests, so hashing it here as well is needed
     * only where there is a sign that the file is no longer what was hashed.
     * @returns the bytes; {@link giveBack} takes their memory for other chunks
     * @throws KvzError FILE_CHANGED
     */
    async read(offset: number, length: number): Promise<Buffer> {
        const bytes = this.#takeBuffer(length);
        await readExactly(this.#file, bytes, length, offset);
        const now = await this.version();
        if (!sameVersion(now, this.#file.version)) this.verify(bytes, offset);
        return bytes;
    }

    giveBack(bytes: Buffer): void {
        this.#spare.push(bytes);
    }

    /** Gives back all memory. */
    clear(): void {
        this.#spare = [];
    }

    /** The file as it is now. @throws KvzError FILE_CHANGED when its size is another one */
    async version(): Promise<FileVersion> {
        const now = await fileVersion(this.#file.handle);
        if (now.sizeBytes !== this.#file.version.sizeBytes) throw fileChanged(this.#file.path);
        return now;
    }

    /** @throws KvzError FILE_CHANGED when these bytes are not those that were hashed */
    verify(bytes: Uint8Array, offset: number): void {
        for (let start = 0; start < bytes.length; start += LEAF_BYTES) {
            const leaf = bytes.subarray(start, start + LEAF_BYTES);
            const at = ((offset + start) / LEAF_BYTES) * DIGEST_BYTES;
            const expected = this.#digests.subarray(at, at + DIGEST_BYTES);
            if (!leafDigest(leaf).equals(expected)) throw fileChanged(this.#file.path);
        }
    }

    #takeBuffer(length: number): Buffer {
        const at = this.#spare.findIndex((buffer) => buffer.length === length);
        return this.#spare.splice(at, at < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafeSlow(length);
    }
}
