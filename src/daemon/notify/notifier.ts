/** Delivers what the store's outbox holds: to webhooks, again and again, and to a program, once. */
import PQueue from 'p-queue';
import { backoffMs, type BackoffRange } from '../../backoff.js';
import { shownAddress } from '../../config/setting-values.js';
import type { Context } from '../context.js';
import { untilWritten } from '../disk-fault.js';
import { jobLogger } from '../observe/job-lines.js';
import { videoFile } from '../results/result-files.js';
import { COMMAND, type JobFacts, type Notification } from '../store/index.js';
import { PrivateAddressError, type Resolve } from './addresses.js';
import { jobEnvironment, runCommand } from './command.js';
import { sendWebhook } from './webhook.js';

/** Notifications on their way at once. */
const AT_ONCE = 4;
const TIMEOUT_MS = 10_000;
const RETRY: BackoffRange = { firstMs: 5_000, maxMs: 60 * 60_000 };
const GIVE_UP_AFTER_MS = 24 * 60 * 60_000;
/** The longest that setTimeout can wait is some 24 days; looking more often costs nothing. */
const LONGEST_SLEEP_MS = 60 * 60_000;

const shownTarget = (target: string): string =>
    target === COMMAND ? target : shownAddress(target);

export class Notifier {
    readonly #context: Context;
    readonly #resolve: Resolve | undefined;
    readonly #slots = new PQueue({ concurrency: AT_ONCE });
    readonly #onTheWay = new Set<string>();
    readonly #stopped = new AbortController();
    readonly #forget: () => void;
    #timer: NodeJS.Timeout | undefined;

    /** @param resolve instead of the system's look-up of names */
    constructor(context: Context, resolve?: Resolve) {
        const { settings, store, bus } = context;
        this.#context = context;
        this.#resolve = resolve;
        store.outbox.setTargets([
            ...settings.webhookUrls,
            ...(settings.onJobEnd.length > 0 ? [COMMAND] : []),
        ]);
        // The outbox was filled in the transaction that the event is of.
        this.#forget = bus.subscribeAll(({ event }) => {
            if (!event.progress) this.#wake();
        });
        this.#wake();
    }

    /** Breaks off what is on its way; it is sent again after the next start. */
    async stop(): Promise<void> {
        this.#forget();
        clearTimeout(this.#timer);
        this.#stopped.abort(new Error('the daemon is stopping'));
        this.#slots.clear();
        await this.#slots.onIdle();
    }

    #wake(): void {
        if (this.#stopped.signal.aborted) return;
        clearTimeout(this.#timer);
        const { outbox } = this.#context.store;
        const room = 2 * AT_ONCE - this.#onTheWay.size;
        const due = outbox
            .due(Date.now(), 2 * AT_ONCE)
            .filter(({ id }) => !this.#onTheWay.has(id))
            .slice(0, Math.max(0, room));
        for (const notification of due) {
            this.#onTheWay.add(notification.id);
            void this.#slots.add(async () => this.#deliver(notification));
        }
        // Whatever is on its way looks again when it has arrived.
        if (this.#onTheWay.size > 0) return;
        const next = outbox.nextDueAt();
        if (next === undefined) return;
        const delayMs = Math.min(Math.max(0, next - Date.now()), LONGEST_SLEEP_MS);
        this.#timer = setTimeout(() => this.#wake(), delayMs).unref();
    }

    async #deliver(notification: Notification): Promise<void> {
        const { store, log } = this.#context;
        const { id, target, jobId, userId } = notification;
        const lines = jobLogger(log, { id: jobId, userId });
        try {
            await this.#send(notification);
            await untilWritten(this.#context, () => store.outbox.remove(id));
            lines.debug({ notification: id, target: shownTarget(target) }, 'notified');
        } catch (error) {
            if (this.#stopped.signal.aborted) return;
            const facts = { notification: id, target: shownTarget(target), err: error };
            if (this.#isFinal(notification, error)) {
                await untilWritten(this.#context, () => store.outbox.remove(id));
                lines.error(facts, 'a notification is given up');
            } else {
                const delayMs = Math.round(backoffMs(notification.failures, RETRY));
                await untilWritten(this.#context, () =>
                    store.outbox.postpone(id, Date.now() + delayMs),
                );
                lines.warn({ ...facts, delayMs }, 'a notification is tried again later');
            }
        } finally {
            this.#onTheWay.delete(id);
            this.#wake();
        }
    }

    /** A program that failed would fail again, and an address does not become public. */
    #isFinal({ target, createdAt }: Notification, error: unknown): boolean {
        const isTooOld = Date.now() - createdAt > GIVE_UP_AFTER_MS;
        return target === COMMAND || error instanceof PrivateAddressError || isTooOld;
    }

    async #send({ id, target, body, userId, jobId }: Notification): Promise<void> {
        const { settings, store, folders } = this.#context;
        const { signal } = this.#stopped;
        if (target !== COMMAND) {
            return sendWebhook(target, id, body, {
                secret: settings.webhookSecret,
                allowPrivate: settings.webhookPrivate,
                timeoutMs: TIMEOUT_MS,
                resolve: this.#resolve,
                signal,
            });
        }
        const { job, user } = JSON.parse(body) as JobFacts;
        const record = store.jobs.ofUser(userId, jobId);
        const path = record?.resultId && videoFile(folders, record.resultId);
        return runCommand(
            settings.onJobEnd,
            jobEnvironment(body, job, user, path || undefined),
            signal,
        );
    }
}
