/**
 * Opens the file of a client that runs as the same user of this machine.
 *
 * Nothing that the client sends becomes part of a path but two numbers, its process and a descriptor
 * of it: `/proc/PID/fd/FD` names a file that the process holds open, and the kernel lets nobody but
 * the same user (or root) follow it (proc(5): PTRACE_MODE_READ_FSCREDS).
 */
import { constants, type BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { KvzError } from '../../protocol/errors.js';
import { firstIssue } from '../../protocol/first-issue.js';
import {
    LOCAL_PROOF_HEADER,
    LOCAL_SOURCE_HEADER,
    localProof,
    localSourceSchema,
    type LocalSource,
} from '../../protocol/local-source.js';
import { proofsEqual } from '../../protocol/proof.js';
import type { Context } from '../context.js';
import type { Upload } from '../store/index.js';

/** A pipe or a device must neither be waited for nor become the daemon's terminal. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

const refused = (reason: string, cause?: unknown): KvzError =>
    new KvzError('LOCAL_SOURCE_REFUSED', reason, { cause });

export const hasLocalSource = (request: IncomingMessage): boolean =>
    request.headers[LOCAL_SOURCE_HEADER] !== undefined;

function parseSource(text: string): LocalSource {
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch (error) {
        throw refused('Kvz-Local-Source is not JSON', error);
    }
    const parsed = localSourceSchema.safeParse(value);
    if (!parsed.success) throw refused(`Kvz-Local-Source: ${firstIssue(parsed.error)}`);
    return parsed.data;
}

/** What the client says of its file, once it is known to be the same user of this machine. */
function provenSource(
    { gate, localKey }: Pick<Context, 'gate' | 'localKey'>,
    request: IncomingMessage,
    digests: string,
): LocalSource {
    if (!localKey) throw refused('this daemon reads no files of its clients');
    if (!gate.isDirectlyLocal(request)) throw refused('the request is not from this machine');
    const { [LOCAL_SOURCE_HEADER]: source, [LOCAL_PROOF_HEADER]: proof } = request.headers;
    if (typeof source !== 'string' || typeof proof !== 'string') throw refused('there is no proof');
    const wanted = localProof(localKey, { url: request.url ?? '', digests, source });
    if (!proofsEqual(wanted, proof)) throw refused('the proof is wrong');
    return parseSource(source);
}

function isAsSaid(status: BigIntStats, said: LocalSource): boolean {
    return (
        status.isFile() &&
        status.dev === BigInt(said.device) &&
        status.ino === BigInt(said.inode) &&
        status.size === BigInt(said.size) &&
        status.mtimeNs === BigInt(said.mtimeNs)
    );
}

/**
 * Opens the file that a request tells of. The caller closes it.
 * @param digests the header with the digests of the chunk's leaves, as it came
 * @throws KvzError LOCAL_SOURCE_REFUSED: the client sends the bytes instead
 */
export async function openLocalSource(
    context: Pick<Context, 'gate' | 'localKey'>,
    request: IncomingMessage,
    { size }: Pick<Upload, 'size'>,
    digests = '',
): Promise<FileHandle> {
    const said = provenSource(context, request, digests);
    if (said.size !== size) throw refused(`the upload has ${size} bytes`);
    const path = `/proc/${said.pid}/fd/${said.fd}`;
    const unreachable = (error: unknown): never => {
        throw refused('this daemon cannot open the file of that process', error);
    };
    // Before it is opened, too: opening a device or a pipe may already do something.
    const before = await stat(path, { bigint: true }).catch(unreachable);
    if (!isAsSaid(before, said)) throw refused('that is another file, or it has changed');
    const handle = await open(path, OPEN_FLAGS).catch(unreachable);
    try {
        const status = await handle.stat({ bigint: true });
        if (!isAsSaid(status, said)) throw refused('that is another file, or it has changed');
        return handle;
    } catch (error) {
        await handle.close();
        throw error;
    }
}
