/**
 * `kvz-cloud daemon`: its subcommands; every setting of the daemon that is no secret is an option.
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { COMMAND_SETTINGS, SETTINGS, settingFlag } from '../../config/settings.js';
import type { SettingName, Settings } from '../../config/settings.js';
import type { CliContext } from '../context.js';
import { addExamples } from './common.js';

type SettingFlags = Partial<Record<SettingName, string>>;

/** The settings that are the daemon's own, in the order of the table. */
const DAEMON_SETTINGS = (Object.keys(SETTINGS) as SettingName[]).filter(
    (name) => !COMMAND_SETTINGS.has(name) && !SETTINGS[name].isSecret,
);

const PLACEHOLDERS: Partial<Record<SettingName, string>> = {
    host: '<address>',
    port: '<n>',
    dataDir: '<folder>',
    workers: '<n>',
    threads: '<n>',
    uploadsPerUser: '<n>',
    durationSeconds: '<time>',
    uploadExpiry: '<time>',
    retries: '<n>',
    retryDelay: '<time>',
    stopGrace: '<time>',
    resultExpiry: '<time>',
    sourceExpiry: '<time>',
    downloads: '<n>',
};

function addSettingOptions(command: Command, names: readonly SettingName[]): Command {
    for (const name of names) {
        const placeholder = PLACEHOLDERS[name] ?? '<value>';
        const option = new Option(`${settingFlag(name)} ${placeholder}`, SETTINGS[name].meaning);
        option.attributeName = () => name;
        command.addOption(option);
    }
    return command;
}

/** Settings given as options, as they were given. */
function givenSettings(flags: SettingFlags): SettingFlags {
    return Object.fromEntries(
        DAEMON_SETTINGS.filter((name) => flags[name] !== undefined).map((name) => [
            name,
            flags[name],
        ]),
    );
}

function effective(context: CliContext, flags: SettingFlags): Settings {
    return context.settings(givenSettings(flags)).values;
}

function lineCount(text: string): number {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0) {
        throw new InvalidArgumentError('expected a whole number.');
    }
    return value;
}

export function addDaemon(program: Command, context: CliContext): void {
    const daemon = program
        .command('daemon')
        .description('run the daemon that keeps and encodes the files');

    const run = addSettingOptions(
        daemon.command('run').description('run it here until Ctrl-C'),
        DAEMON_SETTINGS,
    ).action(async (flags: SettingFlags) => {
        await context.host.runDaemon(effective(context, flags));
    });
    addExamples(run, [['kvz-cloud daemon run --port 9000 --data-dir /srv/kvz', '']]);

    const start = addSettingOptions(
        daemon.command('start').description('start it in the background and wait until it is up'),
        DAEMON_SETTINGS,
    ).action(async (flags: SettingFlags) => {
        const { startDaemon } = await import('./daemon-control.js');
        await startDaemon(context, effective(context, flags), givenSettings(flags));
    });
    addExamples(start, [['kvz-cloud daemon start --workers 2', '']]);

    const stop = addSettingOptions(
        daemon.command('stop').description('stop it; jobs that run are taken up again later'),
        ['dataDir'],
    )
        .option('--drain', 'wait until the jobs that run have ended; those that wait are kept')
        .action(async (flags: SettingFlags & { drain?: boolean }) => {
            const { stopDaemon } = await import('./daemon-control.js');
            await stopDaemon(context, effective(context, flags), flags.drain ?? false);
        });
    addExamples(stop, [['kvz-cloud daemon stop --drain', 'before an update']]);

    const status = addSettingOptions(
        daemon.command('status').description('say whether it runs (exit 4 when not)'),
        ['dataDir'],
    )
        .option('--json', 'one JSON document on stdout')
        .action(async (flags: SettingFlags & { json?: boolean }) => {
            const { showStatus } = await import('./daemon-status.js');
            await showStatus(context, effective(context, flags), flags.json);
        });
    addExamples(status, [['kvz-cloud daemon status || kvz-cloud daemon start', '']]);

    const backup = addSettingOptions(
        daemon
            .command('backup')
            .description('copy the database to a file, while the daemon runs or not')
            .argument('<file>', 'where the copy goes')
            .option('--force', 'replace a file that is there'),
        ['dataDir'],
    ).action(async (file: string, flags: SettingFlags & { force?: boolean }) => {
        const { backUpDaemon } = await import('./daemon-backup.js');
        await backUpDaemon(context, effective(context, flags), file, flags.force ?? false);
    });
    addExamples(backup, [['kvz-cloud daemon backup "kvz-$(date +%F).db"', '']]);

    const logs = daemon
        .command('logs')
        .description('show the log of a daemon that runs in the background')
        .addOption(
            new Option('-n, --lines <n>', 'how many of the last lines')
                .argParser(lineCount)
                .default(50),
        )
        .option('-f, --follow', 'go on with what is written from now on')
        .action(async (flags: { lines: number; follow?: boolean }) => {
            const { showDaemonLog } = await import('./daemon-logs.js');
            await showDaemonLog(context, flags);
        });
    addExamples(logs, [['kvz-cloud daemon logs -n 100 -f', '']]);
    addExamples(daemon, [
        ['kvz-cloud daemon start --workers 2', ''],
        ['kvz-cloud daemon status', ''],
        ['kvz-cloud daemon run --port 9000 --data-dir /srv/kvz', 'for a service manager'],
    ]);
}
