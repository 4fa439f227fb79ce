/** The program: the one place that knows both the command line and the daemon. */
import { runCli } from './cli/program.js';
import type { CliHost } from './cli/host.js';
import type { ExitStatus } from './protocol/errors.js';

const host: CliHost = {
    async runDaemon(settings) {
        const { runDaemon } = await import('./daemon/main.js');
        await runDaemon(settings);
    },
    async backUpDatabase(dataDir, target, force) {
        const [{ backUpDatabase }, { databaseFile }] = await Promise.all([
            import('./daemon/store/backup.js'),
            import('./daemon/folders.js'),
        ]);
        await backUpDatabase(databaseFile(dataDir), target, force);
    },
    async runWorker(request) {
        const { runWorker } = await import('./worker/remote/main.js');
        await runWorker(request);
    },
    async tokensOf(dataDir) {
        const { withTokensOf } = await import('./daemon/access/token-admin.js');
        return {
            create: (name, role, expires) =>
                withTokensOf(dataDir, (admin) => admin.create(name, role, expires)),
            list: () => withTokensOf(dataDir, (admin) => admin.list()),
            revoke: (name) => withTokensOf(dataDir, (admin) => admin.revoke(name)),
        };
    },
    async listKvazaarOptions() {
        const { describeOption, listOptions } = await import('./encoder/kvazaar/listing.js');
        return listOptions().map(describeOption);
    },
    async findKvazaarOption(name) {
        const { describeOption, findOption } = await import('./encoder/kvazaar/listing.js');
        const option = findOption(name);
        return option && describeOption(option);
    },
    async completeKvazaarOptions() {
        const { completeOptions, findOption } = await import('./encoder/kvazaar/listing.js');
        return completeOptions().map((value) => ({ value, help: findOption(value)?.help ?? '' }));
    },
    async completeKvazaarValue(name) {
        const [{ completeValue, findOption }, { takesValue }] = await Promise.all([
            import('./encoder/kvazaar/listing.js'),
            import('./encoder/kvazaar/catalogue.js'),
        ]);
        const option = findOption(name);
        return option && takesValue(option) ? completeValue(option) : undefined;
    },
    async listPresets() {
        const { PRESET_NAMES } = await import('./encoder/kvazaar/presets.js');
        return PRESET_NAMES;
    },
    async sandboxProblem() {
        const { detectSandbox } = await import('./encoder/sandbox.js');
        const support = await detectSandbox();
        return support.isAvailable ? undefined : support.reason;
    },
    async checkData(dataDir, isRunning) {
        const { inspectDataFolder } = await import('./daemon/consistency.js');
        const findings = await inspectDataFolder(dataDir, isRunning);
        if (!findings) return undefined;
        const counts = new Map<string, number>();
        for (const finding of findings) {
            const what =
                finding.kind === 'database' ? `database damaged: ${finding.problem}` : finding.kind;
            counts.set(what, (counts.get(what) ?? 0) + 1);
        }
        return [...counts];
    },
    async checkPrograms(env) {
        const { PROGRAM_NAMES, findProgram, programVariable, programVersion } =
            await import('./encoder/programs.js');
        return Promise.all(
            PROGRAM_NAMES.map(async (name) => {
                const variable = programVariable(name);
                const found = findProgram(name, env);
                if (!found) return { name, variable };
                const version = await programVersion(name, found.path);
                const { path, source } = found;
                return { name, variable, path, source, ...(version ? { version } : {}) };
            }),
        );
    },
};

/** Runs one command. @returns its exit status */
export async function main(argv: readonly string[]): Promise<ExitStatus> {
    return runCli(argv, host);
}
