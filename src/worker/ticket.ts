/**
 * What goes through Redis: tickets. A ticket says that one attempt at a job is to be had; which
 * jobs there are, and whose they are, is in the daemon's database, and a worker has a job only once
 * the daemon has given it to that worker. A lost ticket is written again, a superfluous one or one
 * that comes twice gets nothing.
 */
import { PRIORITY_RANGE } from '../protocol/client-messages.js';

export interface Ticket {
    jobId: string;
    /** Attempts made at the job so far; the one to come has the next number. */
    attempt: number;
    /** As users give it: higher runs first. */
    priority: number;
}

/** What BullMQ knows a ticket by: adding the same ticket again changes nothing. */
export const ticketId = ({ jobId, attempt }: Pick<Ticket, 'jobId' | 'attempt'>): string =>
    `${jobId}-${attempt}`;

/**
 * BullMQ's form of a priority: there lower numbers run first, from 1 on, and 0 stands for "no
 * priority", which would come before all others.
 */
export const bullmqPriority = (priority: number): number => PRIORITY_RANGE.max - priority + 1;

/** The name of the BullMQ queue; what keeps installations apart is the prefix. */
export const TICKET_QUEUE = 'jobs';
