/** In which words a paused queue is told of. */
import type { Pause } from '../../protocol/messages.js';

/** "paused by anna: new disks on Friday"; "paused: too little space …" */
export function pauseText({ reason, message }: Pause): string {
    return reason === 'user' ? message : `paused: ${message}`;
}

/** What is said to somebody whose jobs wait. */
export const pauseNotice = (pause: Pause | undefined): string =>
    pause ? `${pauseText(pause)}; no further jobs are started` : 'the queue goes on';
