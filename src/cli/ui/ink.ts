/** What draws on a terminal. It takes long to load, so nobody imports it but by `import()`. */
export { render } from 'ink';
export { createElement } from 'react';
