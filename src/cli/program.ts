/** The command line as a whole: which commands there are, and how each of them ends. */
import { Command, CommanderError } from 'commander';
import { VERSION } from '../config/version.js';
import { EXIT, KvzError } from '../protocol/errors.js';
import type { ExitStatus } from '../protocol/errors.js';
import { addCancel, addRemove, addRetry } from './commands/change-jobs.js';
import { addCompletion } from './commands/completion.js';
import { addConfig } from './commands/config.js';
import { addContext } from './commands/context.js';
import { addDaemon } from './commands/daemon.js';
import { addDoctor } from './commands/doctor.js';
import { addDownload } from './commands/download.js';
import { addEncode } from './commands/encode.js';
import { addJob } from './commands/job.js';
import { addJobs } from './commands/jobs.js';
import { addLogs } from './commands/logs.js';
import { addMan } from './commands/man.js';
import { addOptions } from './commands/options.js';
import { addPrioritise } from './commands/prioritise.js';
import { addQueue } from './commands/queue.js';
import { addTop } from './commands/top.js';
import { addToken } from './commands/token.js';
import { addWait } from './commands/wait.js';
import { addWatch } from './commands/watch.js';
import { addWorker } from './commands/worker.js';
import { CliContext } from './context.js';
import type { CliHost } from './host.js';

/** Commands after whose `--` kvazaar's own options follow. */
const TAKES_KVAZAAR_OPTIONS = new Set(['encode', 'watch']);

const EPILOGUE = `
Examples:
  kvz-cloud encode clip.mp4                          clip.hevc.mkv appears beside it
  kvz-cloud encode clip.mp4 --preset fast -o out.mp4
  kvz-cloud encode *.mov -o done/ -- --qp 27
  kvz-cloud jobs

Exit status: 0 done, 1 internal error, 2 usage, 3 rejected by the daemon, 4 daemon unreachable
or not authorised, 5 job failed, 6 job cancelled, 124 timed out, 130 interrupted.`;

/** The commander definitions of all commands. */
export function buildProgram(context: CliContext): Command {
    const program = new Command('kvz-cloud');
    program
        .description('HEVC encoding with kvazaar, on this machine or another one.')
        .version(VERSION, '-V, --version')
        .exitOverride()
        .addHelpText('after', EPILOGUE);
    addEncode(program, context);
    addWatch(program, context);
    addJobs(program, context);
    addJob(program, context);
    addWait(program, context);
    addLogs(program, context);
    addCancel(program, context);
    addPrioritise(program, context);
    addRetry(program, context);
    addDownload(program, context);
    addRemove(program, context);
    addTop(program, context);
    addQueue(program, context);
    addOptions(program, context);
    addDaemon(program, context);
    addWorker(program, context);
    addToken(program, context);
    addDoctor(program, context);
    addConfig(program, context);
    addContext(program, context);
    addCompletion(program, context);
    addMan(program, context);
    tellWayOn(program, 'kvz-cloud');
    return program;
}

/** What to do about a usage error of a command; undefined when its text says so itself. */
function wayOn(command: Command, name: string, line: string): string | undefined {
    const option = /^unknown option '(-[^']*)'/.exec(line)?.[1];
    if (option !== undefined && TAKES_KVAZAAR_OPTIONS.has(command.name())) {
        return `kvazaar's own options go after --, and "${name} --help" tells more`;
    }
    const isOfCommands =
        option !== undefined &&
        command.commands.some(({ options }) => options.some(({ long }) => long === option));
    if (isOfCommands) return `options go after the command: ${name} COMMAND ${option} …`;
    return /[?.]\)?$/.test(line) ? undefined : `"${name} --help" tells more`;
}

/** Makes each command's usage errors one line, which says where to read on. */
function tellWayOn(command: Command, name: string): void {
    command.configureOutput({
        outputError: (text, write) => {
            const line = text
                .replace(/^error: /, '')
                .trim()
                .replaceAll(/\s*\n\s*/g, ' ');
            const way = wayOn(command, name, line);
            write(`kvz-cloud: ${line}${way === undefined ? '' : `; ${way}`}\n`);
        },
    });
    for (const each of command.commands) tellWayOn(each, `${name} ${each.name()}`);
}

/** Help on a command that there is not is no help on all the others: it is a mistyped command. */
function withoutVainHelp(program: Command, args: string[]): string[] {
    const [first = '', ...rest] = args[0] === 'help' ? args.slice(1) : args;
    const isName = first !== '' && first !== 'help' && !first.startsWith('-');
    const isKnown = program.commands.some((command) => command.name() === first);
    const wantsHelp = args[0] === 'help' || rest.includes('--help') || rest.includes('-h');
    return isName && !isKnown && wantsHelp ? [first] : args;
}

/** Splits at the first `--`: commander would mix what follows with the files. */
function splitAtDashes(argv: readonly string[]): [string[], string[] | undefined] {
    const at = argv.indexOf('--');
    return at < 0 ? [[...argv], undefined] : [argv.slice(0, at), argv.slice(at + 1)];
}

function report(error: unknown, context: CliContext): ExitStatus {
    if (error instanceof CommanderError) {
        return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    }
    const message = error instanceof Error ? error.message : String(error);
    context.say(message);
    if (context.env['KVZ_CLOUD_DEBUG'] && error instanceof Error) {
        process.stderr.write(`${error.stack ?? ''}\n`);
    }
    return error instanceof KvzError ? error.exit : EXIT.internal;
}

/**
 * A reader that goes away (`| head`) is no error, and no reason to leave work undone: what is still
 * printed is lost, the command goes on. Output that cannot be written is an error.
 */
function bearBrokenPipes(): void {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EPIPE') return;
        process.stderr.write(`kvz-cloud: the output cannot be written: ${error.message}\n`);
        process.exit(EXIT.internal);
    });
    process.stderr.on('error', () => undefined);
}

/**
 * Runs one command.
 * @param argv without the program's own name
 * @returns the exit status
 */
export async function runCli(
    argv: readonly string[],
    host: CliHost,
    env: NodeJS.ProcessEnv = process.env,
): Promise<ExitStatus> {
    bearBrokenPipes();
    if (argv[0] === '__complete') {
        const { answerShell } = await import('./completion/answer.js');
        const context = new CliContext(host, env, undefined);
        await answerShell(buildProgram(context), context, argv.slice(1));
        return EXIT.done;
    }
    const [args, afterDashes] = splitAtDashes(argv);
    const context = new CliContext(host, env, afterDashes);
    try {
        if (afterDashes && !TAKES_KVAZAAR_OPTIONS.has(args[0] ?? '')) {
            throw new KvzError('USAGE', 'only "encode" and "watch" take something after "--"');
        }
        const program = buildProgram(context);
        await program.parseAsync(withoutVainHelp(program, args), { from: 'user' });
        return context.exitStatus;
    } catch (error) {
        return report(error, context);
    }
}
