/** What the kernel tells of processes (Linux, proc(5)); elsewhere nothing is found. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface FoundProcess {
    pid: number;
    /** As it was started. */
    command: string;
    /** TCP ports that it listens on. */
    ports: number[];
}

/** Of another user's process, or one that ended meanwhile, there is nothing to read. */
function read(path: string, how: (path: string) => string): string {
    try {
        return how(path);
    } catch {
        return '';
    }
}

const text = (path: string): string => read(path, (file) => readFileSync(file, 'latin1'));

/** 0 when there is no such process (any more), or it is one that only waits to be reaped. */
function parentOf(pid: number): number {
    // The name, in brackets, may hold anything.
    const [state, parent] = text(`/proc/${pid}/stat`)
        .replace(/^.*\) /s, '')
        .split(' ');
    return state === 'Z' ? 0 : Number(parent ?? 0);
}

function isBelow(pid: number, ancestor: number): boolean {
    for (let up = parentOf(pid); up > 1; up = parentOf(up)) if (up === ancestor) return true;
    return false;
}

/** Inodes of listening TCP sockets, with their ports. */
function listeningSockets(): Map<string, number> {
    const rows = ['tcp', 'tcp6'].flatMap((name) => text(`/proc/net/${name}`).split('\n').slice(1));
    const fields = rows.map((row) => row.trim().split(/\s+/));
    const LISTEN = '0A';
    return new Map(
        fields
            .filter(([, , , state]) => state === LISTEN)
            .map(([, local = '', , , , , , , , inode = '']) => [
                inode,
                parseInt(local.split(':')[1] ?? '', 16),
            ]),
    );
}

/** The TCP ports that a process listens on. */
export function listeningPorts(pid: number, sockets = listeningSockets()): number[] {
    const folder = `/proc/${pid}/fd`;
    let names: string[] = [];
    try {
        names = readdirSync(folder);
    } catch {
        return [];
    }
    const ports = names.map((name) => {
        const inode = /^socket:\[(\d+)\]$/.exec(read(`${folder}/${name}`, readlinkSync))?.[1];
        return sockets.get(inode ?? '');
    });
    return [...new Set(ports.filter((port) => port !== undefined))];
}

/** A process that has to do with a folder: in its environment or arguments, or it is there. */
const knows = (pid: number, folder: string): boolean =>
    text(`/proc/${pid}/environ`).includes(folder) ||
    text(`/proc/${pid}/cmdline`).includes(folder) ||
    read(`/proc/${pid}/cwd`, readlinkSync).startsWith(folder);

/**
 * Processes that have to do with a folder.
 * @param folder absolute
 * @param ancestor whose descendants are meant, too
 */
export function processesOf(folder: string, ancestor?: number): FoundProcess[] {
    const pids = (process.platform === 'linux' ? readdirSync('/proc') : [])
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((pid) => pid !== process.pid);
    const found = pids.filter(
        (pid) => knows(pid, folder) || (ancestor !== undefined && isBelow(pid, ancestor)),
    );
    const sockets = listeningSockets();
    return (
        found
            .map((pid) => ({
                pid,
                command: text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim(),
                ports: listeningPorts(pid, sockets),
            }))
            // What is ending has no command line any more.
            .filter(({ command }) => command !== '')
    );
}

/** Ends processes at once. */
export function kill(processes: readonly FoundProcess[]): void {
    for (const { pid } of processes) {
        try {
            process.kill(pid, 'SIGKILL');
        } catch {
            // It has ended just now.
        }
    }
}

export const describe = ({ pid, command, ports }: FoundProcess): string =>
    `process ${pid}${ports.length > 0 ? ` (listens on ${ports.join(', ')})` : ''}: ` +
    command.slice(0, 300);
