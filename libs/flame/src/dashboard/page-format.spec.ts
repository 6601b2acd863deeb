import { expect, it } from 'vitest';
import { methodOf } from '../../page/format.js';

it.each([
  ['Videos.thumbnails', 'thumbnails'],
  ['Videos.publish/1', 'publish/1'],
  ['src/videos.service.js#publish/1', 'publish/1'],
  ['resize', 'resize'],
])('A narrow block of the page shows the last part of %s', (handler, method) => {
  expect(methodOf(handler)).toBe(method);
});
