/** Keys as a terminal sends them: each in a piece of its own, or several in one. */
import { render } from 'ink-testing-library';
import { expect, it, onTestFinished } from 'vitest';
import { press, type Command, type Dialog, type Key } from '../../../src/cli/ui/dialog.js';
import { Keys } from '../../../src/cli/ui/Keys.js';
import { ViewStore } from '../../../src/cli/ui/view-store.js';

const CTRL_C = '\u0003';

it.each([
    ['one by one', [CTRL_C, CTRL_C]],
    ['in one piece', [CTRL_C + CTRL_C]],
    ['in one piece with another key', [`?${CTRL_C}${CTRL_C}`]],
])('Ctrl-C twice, %s, leaves', (_, pieces) => {
    const store = new ViewStore(['clip.mp4'], { columns: 80, rows: 24 }, true);
    let dialog: Dialog = 'none';
    const commands: Command[] = [];
    const onKey = (key: Key): void => {
        const pressed = press(dialog, key, false);
        dialog = pressed.dialog;
        if (pressed.command) commands.push(pressed.command);
    };
    const screen = render(<Keys store={store} onKey={onKey} />);
    onTestFinished(() => screen.unmount());
    for (const piece of pieces) screen.stdin.write(piece);
    expect(commands).toEqual([{ do: 'leave' }]);
});
