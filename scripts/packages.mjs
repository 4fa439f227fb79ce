// Running programs and installing packages, for the set-up scripts.
import { spawnSync } from 'node:child_process';

/** Something that the set-up cannot do by itself; the message says what to do by hand. */
export class SetupError extends Error {}

export const say = (text) => process.stderr.write(`${text}\n`);
export const has = (program) =>
    spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0;

export function run(command, args, { quiet = true, env } = {}) {
    const result = spawnSync(command, args, {
        stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
        encoding: 'utf8',
        env: { ...process.env, ...env },
        maxBuffer: 64 << 20,
    });
    if (result.status !== 0) {
        const detail = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().slice(-1500);
        throw new SetupError(`"${command} ${args.join(' ')}" failed\n${detail}`);
    }
    return result.stdout ?? '';
}

/** The command prefix for what needs root, or nothing when there is no way to become root unasked. */
export function rootPrefix() {
    if (process.getuid?.() === 0) return [];
    const sudo = has('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
    return sudo ? ['sudo', '-n'] : undefined;
}

export function aptCandidate(name) {
    const policy = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8' }).stdout ?? '';
    return /Candidate: (?!\(none\))/.test(policy);
}

export function aptInstall(packages) {
    const prefix = rootPrefix();
    const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
    if (!prefix) {
        throw new SetupError(`${packages.join(', ')} must be installed by root: sudo ${command}`);
    }
    const apt = (...args) => {
        const [program, ...rest] = [
            ...prefix,
            'env',
            'DEBIAN_FRONTEND=noninteractive',
            'apt-get',
            '-y',
            ...args,
        ];
        run(program, rest);
    };
    if (!packages.every(aptCandidate)) apt('update');
    say(`installing ${packages.join(', ')} with apt ...`);
    const install = () => apt('install', '--no-install-recommends', ...packages);
    try {
        install();
    } catch {
        // Package lists age: a version that the mirror has replaced gives 404 until the next update.
        apt('update');
        install();
    }
}
