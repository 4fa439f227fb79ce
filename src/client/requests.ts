/** What a daemon is asked over the socket and answers at once, a method for each message. */
import type { JobState } from '../protocol/job-state.js';
import type { Job, Pause, ServerMessageOf, TokenInfo } from '../protocol/messages.js';
import type { Role } from '../protocol/roles.js';
import type { EncodeRequest } from './encode-request.js';
import type { Session } from './session.js';

export type WireOptions = EncodeRequest['options'];
export type ServerInfo = ServerMessageOf<'init.ok'>;
export type ServerStats = ServerMessageOf<'server.stats'>;

/** Jobs asked for at a time. */
const PAGE = 100;

export class Requests {
    /** The conversation beneath: messages that have no method here, and what arrives unasked. */
    readonly session: Session;

    constructor(session: Session) {
        this.session = session;
    }

    /** What the daemon said of itself, at the latest connection. */
    get info(): ServerInfo {
        return this.session.info;
    }

    /** http(s)://HOST:PORT */
    get server(): string {
        return this.session.server;
    }

    /**
     * The user's jobs, the newest first; long lists are fetched in pages.
     * @param options.limit default: 100
     * @param options.states only jobs in these
     * @param options.all every user's jobs, for administrators
     */
    async jobs(
        options: {
            limit?: number;
            states?: readonly JobState[] | undefined;
            all?: boolean | undefined;
        } = {},
    ): Promise<Job[]> {
        const { limit = 100, states, all = false } = options;
        const jobs: Job[] = [];
        while (jobs.length < limit) {
            const size = Math.min(PAGE, limit - jobs.length);
            const before = jobs.at(-1)?.id;
            const reply = await this.session.request<'jobs.list'>({
                type: 'jobs.list',
                limit: size,
                ...(states === undefined ? {} : { states: [...states] }),
                ...(all && { all }),
                ...(before === undefined ? {} : { before }),
            });
            jobs.push(...reply.jobs);
            if (reply.jobs.length < size) break;
        }
        return jobs;
    }

    /** @throws KvzError UNKNOWN_JOB, as the other methods for a job */
    async job(jobId: string): Promise<Job> {
        return (await this.session.request<'job.get'>({ type: 'job.get', jobId })).job;
    }

    /** @throws KvzError WRONG_STATE for a job that has ended */
    async cancel(jobId: string): Promise<Job> {
        return (await this.session.request<'job.cancel'>({ type: 'job.cancel', jobId })).job;
    }

    /** Puts a job that has failed, was cancelled or has expired back into the queue. */
    async retry(jobId: string): Promise<Job> {
        return (await this.session.request<'job.retry'>({ type: 'job.retry', jobId })).job;
    }

    /** Changes the priority of a job that no worker has yet. @param priority -100 to 100 */
    async prioritise(jobId: string, priority: number): Promise<Job> {
        const message = { type: 'job.prioritise', jobId, priority } as const;
        return (await this.session.request<'job.prioritise'>(message)).job;
    }

    /**
     * An address from which the result of a job can be downloaded without a token: once, and soon.
     * @returns http(s)://…, and until when (ISO 8601)
     * @throws KvzError RESULT_GONE
     */
    async downloadUrl(jobId: string): Promise<{ url: string; expiresAt: string }> {
        const message = { type: 'job.ticket', jobId } as const;
        const { url, expiresAt } = await this.session.request<'job.ticket'>(message);
        return { url: new URL(url, this.server).href, expiresAt };
    }

    /** Forgets a job that has ended. */
    async remove(jobId: string): Promise<void> {
        await this.session.request<'job.remove'>({ type: 'job.remove', jobId });
    }

    /** What the programs of a job have said, the last lines of it. */
    async logs(jobId: string): Promise<string[]> {
        return (await this.session.request<'job.logs'>({ type: 'job.logs', jobId })).lines;
    }

    /**
     * Lets no further job start, also after a restart. For administrators, as its end.
     * @param reason one line, told to those who wait
     * @throws KvzError FORBIDDEN
     */
    async pauseQueue(reason?: string): Promise<Pause | undefined> {
        const told = reason === undefined ? {} : { reason };
        return (await this.session.request<'queue.pause'>({ type: 'queue.pause', ...told })).paused;
    }

    /** @returns another reason for which no job is started; undefined when jobs are */
    async resumeQueue(): Promise<Pause | undefined> {
        return (await this.session.request<'queue.resume'>({ type: 'queue.resume' })).paused;
    }

    /**
     * Issues a token; its account is made if there is none of this name. For administrators, as
     * the other methods for tokens.
     */
    async createToken(
        name: string,
        options: { role?: Role; expiresInSeconds?: number | undefined } = {},
    ): Promise<TokenInfo & { token: string }> {
        const message = { type: 'token.create', name, ...options } as const;
        const { token, info } = await this.session.request<'token.create'>(message);
        return { ...info, token };
    }

    async tokens(): Promise<TokenInfo[]> {
        return (await this.session.request<'token.list'>({ type: 'token.list' })).tokens;
    }

    /** Ends a token and its connections; the account and its jobs stay. */
    async revokeToken(name: string): Promise<TokenInfo> {
        return (await this.session.request<'token.revoke'>({ type: 'token.revoke', name })).info;
    }

    async stats(): Promise<ServerStats> {
        return this.session.request<'server.stats'>({ type: 'server.stats' });
    }

    /**
     * Asks whether the daemon takes these options.
     * @throws KvzError BAD_OPTIONS naming what is wrong
     */
    async validate(options: WireOptions, raw?: EncodeRequest['raw']): Promise<void> {
        await this.session.request<'options.validate'>({ type: 'options.validate', options, raw });
    }
}
