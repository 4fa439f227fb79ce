/** From the arguments of `encode` to the files of its batch: inputs, stdin, outputs, stdout. */
import { basename } from 'node:path';
import type { Profile } from '../../config/profiles.js';
import { KvzError } from '../../protocol/errors.js';
import type { Container } from '../../protocol/messages.js';
import type { BatchFile } from '../../client/encode-batch.js';
import { listInputs } from '../../client/input-list.js';
import type { Input } from '../../client/input-list.js';
import { isFolderTarget, planOutputs } from '../../client/output-path.js';
import type { Spool } from '../../client/spool.js';
import { throttled } from '../../client/throttled.js';
import { formatBytes } from '../ui/format.js';
import type { EncodeView } from '../ui/view.js';
import type { EncodeFlags } from './encode.js';
import { STANDARD_STREAM, copyToStdout, refuseTerminal } from './standard-stream.js';

/** What the planning of one command needs. */
export interface PlanContext {
    inputs: readonly Input[];
    flags: EncodeFlags;
    spool: Spool;
    view: Pick<EncodeView, 'notice'>;
    signal: AbortSignal;
}

export interface PlannedFiles {
    container: Container;
    files: BatchFile[];
}

/** @throws KvzError USAGE for wishes that contradict each other */
export function checkStreams(args: readonly string[], flags: EncodeFlags): void {
    const readsStdin = args.includes(STANDARD_STREAM);
    const refuse = (message: string): never => {
        throw new KvzError('USAGE', message);
    };
    if (readsStdin && process.stdin.isTTY) {
        refuse('stdin is a terminal: pipe a video into this command');
    }
    if (readsStdin && flags.output === undefined) {
        refuse('a video from stdin needs -o: a file, or - for stdout');
    }
    if (flags.name !== undefined && !readsStdin) refuse('--name is for a video from stdin (-)');
    if (flags.name !== undefined && basename(flags.name) !== flags.name) {
        refuse(`--name ${flags.name}: expected a file name without folders`);
    }
    if (flags.output !== STANDARD_STREAM) return;
    if (flags.json) refuse('--json and -o - would both write to stdout');
    if (flags.detach) refuse('with --detach there is no result that could go to stdout');
    if (!flags.dryRun) refuseTerminal();
}

/** The inputs in order. @throws KvzError INPUT_UNREADABLE */
export async function findInputs(args: readonly string[], flags: EncodeFlags): Promise<Input[]> {
    const { output, recursive = false, raw = false } = flags;
    const isFolder = output !== undefined && output !== STANDARD_STREAM;
    const outputFolder = isFolder && (await isFolderTarget(output)) ? output : undefined;
    const others = args.filter((argument) => argument !== STANDARD_STREAM);
    const inputs = await listInputs(others, { recursive, raw, outputFolder });
    const stdins = args.length - others.length;
    if (stdins === 0) return inputs;
    if (stdins > 1) throw new KvzError('USAGE', 'stdin is given twice');
    return [...inputs, { file: 'stdin', name: flags.name ?? 'stdin', isStdin: true }];
}

/**
 * Decides on the outputs, and reads stdin where that is an input.
 * @throws KvzError USAGE, INPUT_UNREADABLE; the signal's reason
 */
export async function planFiles(
    { inputs, flags, spool, view, signal }: PlanContext,
    profile: Profile,
): Promise<PlannedFiles> {
    const toStdout = flags.output === STANDARD_STREAM;
    if (toStdout && inputs.length > 1) {
        throw new KvzError('USAGE', '-o - takes the result of one input');
    }
    const { container, outputs, makeFolders } = await planOutputs(inputs, {
        target: toStdout ? await spool.path('result') : flags.output,
        container: flags.container,
        fallback: profile.container,
    });
    const files = inputs.map((input, index): BatchFile => {
        const { file, path, name } = input;
        const output = outputs[index] ?? '';
        return {
            ...{ index, file, path, name, output, makeFolder: makeFolders },
            ...(toStdout ? { sink: copyToStdout } : {}),
        };
    });
    const stdin = files.find(({ index }) => inputs[index]?.isStdin);
    if (stdin) {
        const tell = throttled((bytes) => view.notice(`reading stdin: ${formatBytes(bytes)}`));
        stdin.path = await spool.take(process.stdin, signal, tell);
    }
    return { container, files };
}
