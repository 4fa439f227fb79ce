// A control group (cgroup v2) that counts the processor time of all that is started in it. Looking
// into /proc again and again would miss the end of each program, and take time itself: bubblewrap
// does not wait for what runs in it, so the kernel counts that to nobody.
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const HOW =
    'processor time is counted by a control group of its own: ' +
    'run as root, or with "systemd-run --user --scope -p Delegate=yes"';

/** The folder of the group that this process is in. @throws Error where there is no cgroup v2 */
function ownGroup() {
    const mount = readFileSync('/proc/mounts', 'utf8')
        .split('\n')
        .map((line) => line.split(' '))
        .find(([, , type]) => type === 'cgroup2');
    const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'));
    if (!mount || !own) throw new Error(`there is no cgroup v2 here; ${HOW}`);
    return join(mount[1], own[1]);
}

export class CpuGroup {
    #path;

    /** @throws Error where no group can be made */
    constructor(name) {
        this.#path = join(ownGroup(), `${name}-${process.pid}`);
        try {
            mkdirSync(this.#path);
        } catch (cause) {
            throw new Error(`${this.#path} cannot be made; ${HOW}`, { cause });
        }
    }

    /** The command line that starts a program in the group. */
    wrap(command, args) {
        const procs = join(this.#path, 'cgroup.procs');
        return ['sh', ['-c', 'echo $$ > "$0" && exec "$@"', procs, command, ...args]];
    }

    /** User and system seconds of all that has run in it until now. */
    get seconds() {
        const stat = readFileSync(join(this.#path, 'cpu.stat'), 'utf8');
        return Number(/^usage_usec (\d+)$/m.exec(stat)?.[1]) / 1e6;
    }

    /** Call it when nothing runs in the group any more. */
    remove() {
        rmdirSync(this.#path);
    }
}
