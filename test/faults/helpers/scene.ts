/** A home with its own daemon, and a proxy between that and the commands. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SettingName } from '../../../src/config/settings.js';
import { newHome, runCommand, type CommandResult, type Home } from '../../helpers/command.js';
import { DaemonProcess } from './daemon-process.js';
import { EncodeProcess } from './process.js';
import { FaultProxy } from './proxy.js';
import type { Source } from './source.js';

/** What makes an encode short. */
const QUICK = ['--preset', 'ultrafast', '--no-logo', '--container', 'hevc'];

export const MIB = 1024 * 1024;

export interface Scene {
    home: Home;
    daemon: DaemonProcess;
    proxy: FaultProxy;
    /** Of commands: their server is the proxy. */
    env: NodeJS.ProcessEnv;
    /** `encode --json` of a source, through the proxy. */
    encode: (source: Source, ...more: string[]) => EncodeProcess;
    /** Any other command, through the proxy. */
    run: (...args: string[]) => Promise<CommandResult>;
}

export async function newScene(
    options: {
        settings?: Partial<Record<SettingName, unknown>>;
        /** Where the daemon's data are; by default below the home. */
        dataDir?: string;
        /** Of the daemon and of commands. */
        env?: NodeJS.ProcessEnv;
    } = {},
): Promise<Scene> {
    const home = await newHome();
    Object.assign(home.env, options.env);
    // Networks are what most tests break.
    const settings = { chunkSize: '1MiB', localCopy: false, ...options.settings };
    writeFileSync(join(home.folder, 'config.json'), JSON.stringify(settings));
    const port = Number(new URL(home.url).port);
    const daemon = new DaemonProcess(home.folder, home.env, port, options.dataDir);
    await daemon.start();
    const proxy = await FaultProxy.start(port);
    const env = { ...home.env, KVZ_CLOUD_SERVER: proxy.url };
    return {
        ...{ home, daemon, proxy, env },
        encode: (source, ...more) =>
            new EncodeProcess(
                ['encode', source.path, ...source.rawOptions, ...QUICK, '--json', ...more],
                { env, cwd: home.outputs },
            ),
        run: (...args) => runCommand(args, { env, cwd: home.outputs }),
    };
}
