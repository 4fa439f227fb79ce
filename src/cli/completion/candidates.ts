/** What can stand at a point of the command line. */
import type { Command, Option } from 'commander';
import { readContexts } from '../../config/contexts.js';
import { SETTINGS } from '../../config/settings.js';
import { isEnd } from '../../protocol/job-state.js';
import type { JobState } from '../../protocol/job-state.js';
import type { CliContext } from '../context.js';
import type { CompletionPoint } from './point.js';

export interface Candidate {
    value: string;
    help?: string | undefined;
}

/** Files and folders are left to the shell, which knows how to quote them. */
export type Candidates = 'files' | 'folders' | readonly Candidate[];

/** Nobody waits longer for a list. */
const DAEMON_TIMEOUT_MS = 1_000;
const MAX_JOBS = 200;

/** Which jobs a command can do something with; all of them for the others. */
const FITTING: Readonly<Record<string, (state: JobState) => boolean>> = {
    cancel: (state) => !isEnd(state),
    wait: (state) => !isEnd(state),
    prioritise: (state) => state === 'uploading' || state === 'queued',
    retry: (state) => state === 'failed' || state === 'cancelled' || state === 'expired',
    download: (state) => state === 'ready',
    remove: isEnd,
};

const plain = (values: readonly string[]): Candidate[] => values.map((value) => ({ value }));

async function jobs(context: CliContext, point: CompletionPoint): Promise<Candidate[]> {
    const { command, given, operands } = point;
    const [{ connect }, { jobStateText }] = await Promise.all([
        import('../../client/connect.js'),
        import('../commands/jobs.js'),
    ]);
    const signal = AbortSignal.timeout(DAEMON_TIMEOUT_MS);
    const { env } = context;
    const client = await connect({
        ...{ server: given.get('server'), context: given.get('context') },
        ...{ env, signal },
    });
    try {
        const fits = FITTING[command.name()] ?? (() => true);
        return (await client.jobs({ limit: MAX_JOBS }))
            .filter(({ id, state }) => fits(state) && !operands.includes(id))
            .map((job) => ({ value: job.id, help: `${jobStateText(job)}, ${job.name}` }));
    } finally {
        client.close();
    }
}

function contexts(context: CliContext): Candidate[] {
    const all = Object.entries(readContexts(context.paths).contexts);
    return all.map(([value, { server }]) => ({ value, help: server }));
}

function settings(): Candidate[] {
    return Object.entries(SETTINGS).map(([value, { meaning }]) => ({ value, help: meaning }));
}

function profiles(context: CliContext): Candidate[] {
    return plain(Object.keys(context.settings().values.profiles));
}

async function kvazaarNames(context: CliContext): Promise<Candidate[]> {
    const options = await context.host.listKvazaarOptions();
    return options.map(({ name, help }) => ({ value: name, help }));
}

type Source = (context: CliContext, point: CompletionPoint) => Candidates | Promise<Candidates>;

/** By the name of an argument, or of an option's value where that is one of these. */
const BY_PLACEHOLDER: Readonly<Record<string, Source>> = {
    file: () => 'files',
    path: () => 'files',
    folder: () => 'folders',
    id: jobs,
    context: contexts,
    setting: settings,
};

/** By the long name of an option, where its value's name says too little. */
const BY_OPTION: Readonly<Record<string, Source>> = {
    '--preset': async (context) => plain(await context.host.listPresets()),
    '--profile': profiles,
    '--context': contexts,
};

const BY_COMMAND: Readonly<Record<string, Source>> = {
    options: kvazaarNames,
};

function commands(command: Command): Candidate[] {
    return command
        .createHelp()
        .visibleCommands(command)
        .map((each) => ({ value: each.name(), help: each.description() }));
}

function options({ command, given }: CompletionPoint): Candidate[] {
    return command
        .createHelp()
        .visibleOptions(command)
        .filter((option) => option.variadic || !given.has(option.attributeName()))
        .map(({ long, short, description }) => ({ value: long ?? short ?? '', help: description }));
}

const placeholder = ({ flags }: Option): string =>
    /[<[]([^\]>.]+)(?:\.\.\.)?[\]>]/.exec(flags)?.[1] ?? '';

async function kvazaar(
    context: CliContext,
    current: string,
    before: readonly string[],
): Promise<Candidate[]> {
    const [, flag] = /^(--[^=]+)=/.exec(current) ?? [];
    const previous = flag ?? before.at(-1);
    const values = previous?.startsWith('-')
        ? await context.host.completeKvazaarValue(previous)
        : undefined;
    if (values) return plain(flag === undefined ? values : values.map((each) => `${flag}=${each}`));
    return context.host.completeKvazaarOptions();
}

async function candidatesAt(context: CliContext, point: CompletionPoint): Promise<Candidates> {
    const { what, command, current } = point;
    switch (what.kind) {
        case 'nothing':
            return [];
        case 'option':
            return options(point);
        case 'command':
            return commands(command);
        case 'kvazaar':
            return kvazaar(context, current, what.before);
        case 'value': {
            const { argChoices, long } = what.option;
            if (argChoices) return plain(argChoices);
            const source = BY_OPTION[long ?? ''] ?? BY_PLACEHOLDER[placeholder(what.option)];
            return source?.(context, point) ?? [];
        }
        case 'argument': {
            if (what.argument.argChoices) return plain(what.argument.argChoices);
            const source = BY_COMMAND[command.name()] ?? BY_PLACEHOLDER[what.argument.name()];
            return source?.(context, point) ?? [];
        }
    }
}

/** The candidates that begin with what is typed, each as the whole word. */
export async function complete(context: CliContext, point: CompletionPoint): Promise<Candidates> {
    const all = await candidatesAt(context, point);
    if (typeof all === 'string') return all;
    return all
        .filter(({ value }) => value.startsWith(point.current))
        .map(({ value, help }) => ({ value: `${point.prefix}${value}`, help }));
}
