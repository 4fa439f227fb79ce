/** What `kvz-cloud encode` does. */
import { VERSION } from '../../config/version.js';
import { KvzError } from '../../protocol/errors.js';
import type { ExitStatus } from '../../protocol/errors.js';
import { checkFiles, emitError, encodeBatch } from '../client/encode-batch.js';
import type { BatchFile, Failures, OnEvent } from '../client/encode-batch.js';
import type { EncodeRequest } from '../client/encode-request.js';
import { planOutputs } from '../client/output-path.js';
import type { Session } from '../client/session.js';
import type { CliContext } from '../context.js';
import { interruptible } from '../interrupt.js';
import { chooseView, openView } from '../ui/view.js';
import type { EncodeView } from '../ui/view.js';
import { worstStatus } from '../worst-status.js';
import type { EncodeFlags } from './encode.js';
import { rawFormat } from './raw-format.js';

function buildRequest(
    flags: EncodeFlags,
    container: EncodeRequest['options']['container'],
    kvazaar: readonly string[],
): EncodeRequest {
    const { preset, priority, logo, logoSeconds } = flags;
    return {
        options: {
            preset,
            container,
            kvazaar: [...kvazaar],
            logo: {
                enabled: logo,
                ...(logoSeconds === undefined ? {} : { seconds: logoSeconds }),
            },
        },
        priority,
        raw: rawFormat(flags),
        failOnDuplicate: flags.failOnDuplicate ?? false,
        force: flags.force ?? false,
        detach: flags.detach ?? false,
    };
}

/** @returns the exit status; every failure has been told */
export async function runEncode(
    context: CliContext,
    inputs: readonly string[],
    flags: EncodeFlags,
): Promise<ExitStatus> {
    const plan = await planOutputs(inputs, flags.output, flags.container);
    const request = buildRequest(flags, plan.container, context.afterDashes ?? []);
    const files = inputs.map((file, index) => ({ index, file, output: plan.outputs[index] ?? '' }));
    const view = await openView(flags.json ? 'json' : chooseView(flags.progress, context.env), {
        files: inputs,
        print: (line) => context.print(line),
        say: (message) => context.say(message),
        env: context.env,
    });
    const failures: Failures = new Map();
    try {
        await interruptible((signal) =>
            encodeAll(context, flags, files, request, view, failures, signal),
        );
    } finally {
        await view.close();
    }
    tellFailures(context, files, failures);
    return worstStatus([...failures.values()].map(({ exit }) => exit));
}

async function encodeAll(
    context: CliContext,
    flags: EncodeFlags,
    files: readonly BatchFile[],
    request: EncodeRequest,
    view: EncodeView,
    failures: Failures,
    signal: AbortSignal,
): Promise<void> {
    const onEvent: OnEvent = (ref, event) => view.event(ref, event);
    const good = await checkFiles(files, request.force, failures);
    for (const file of files) {
        const error = failures.get(file.index);
        if (error) emitError(onEvent, file, error);
    }
    if (good.length === 0) return;
    let session: Session | undefined;
    try {
        session = await context.connect(flags, {
            startDaemon: true,
            signal,
            onAway: (reason) =>
                view.notice(
                    reason
                        ? `${reason.message}; waiting for the daemon`
                        : 'the daemon is there again',
                ),
        });
        tellVersion(session, view);
        await session.request<'options.validate'>({
            type: 'options.validate',
            options: request.options,
            raw: request.raw,
        });
        const { cacheDir } = context.paths;
        await encodeBatch(good, request, session, {
            cacheDir,
            patience: context.patience(),
            signal,
            onEvent,
            failures,
        });
    } catch (error) {
        // What ends the command before a file is begun ends it for all of them.
        const cause = signal.aborted ? new KvzError('INTERRUPTED', 'interrupted') : error;
        if (!(cause instanceof KvzError)) throw cause;
        for (const file of good) {
            failures.set(file.index, cause);
            emitError(onEvent, file, cause);
        }
    } finally {
        session?.close();
    }
}

function tellVersion(session: Session, view: EncodeView): void {
    const version = /\d+\.\d+\.\d+\S*/.exec(session.info.server)?.[0];
    if (version !== undefined && version !== VERSION) {
        view.notice(`the daemon has version ${version}, this command ${VERSION}`);
    }
}

/** One line for each failure; the same one for several files only once. */
function tellFailures(context: CliContext, files: readonly BatchFile[], failures: Failures): void {
    const told = new Set<KvzError>();
    for (const { index, file } of files) {
        const error = failures.get(index);
        if (!error || told.has(error)) continue;
        told.add(error);
        const shared = [...failures.values()].filter((other) => other === error).length > 1;
        const named = files.length === 1 || shared || error.message.startsWith(`${file}:`);
        context.say(named ? error.message : `${file}: ${error.message}`);
    }
}
