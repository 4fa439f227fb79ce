import type { Pause } from '../../protocol/messages.js';

/** "paused by anna: new disks on Friday"; "paused: too little space …" */
export function pauseText({ reason, message }: Pause): string {
    return reason === 'user' ? message : `paused: ${message}`;
}
