import { describe, expect, it } from 'vitest';
import { diagnosticsOf, typescriptFile } from '../../../../test/support/typescript-file.js';

/** What the compiler says of a service with this member, of which `head` stands above. */
function refusal(member: string, head = ''): string {
  const source = `import { Injectable } from '@nestjs/common';
import { Flame } from 'nestjs-flame';
import { VideoStore } from './video-store';
${head}
@Injectable()
export class VideosService {
  private total = 0;

  constructor(private readonly flame: Flame, private readonly store: VideoStore, private readonly size: number) {}

${member}
}
`;
  return `\n${diagnosticsOf(typescriptFile(source))}\n`;
}

/** The same of a method `publish(video)`. */
const inMethod = (body: string, head?: string): string => refusal(`  async publish(video: Video) {\n${body}\n  }`, head);

describe('The compiler refuses, with the place in the source and what to do,', () => {
  it('an assignment to a captured variable', () => {
    expect(
      inMethod(`    let frames = 0;
    await this.flame.call('ffmpeg', async () => {
      for await (const frame of this.store.frames(video)) frames++;
    });`),
    ).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:14:59 - error: The inline function VideosService.publish/1 assigns to "frames", a variable of the function around it. A runner has a copy of that variable, so the caller would not see the change.

        12 |     let frames = 0;
        13 |     await this.flame.call('ffmpeg', async () => {
      > 14 |       for await (const frame of this.store.frames(video)) frames++;
           |                                                           ^^^^^^
        15 |     });
        16 |   }

      Fix: Return the value, and assign the result of the call to "frames".
      "
    `);
  });

  it('an assignment in a pattern', () => {
    expect(
      inMethod(`    let first, rest;\n    await this.flame.call('ffmpeg', async () => { [first, ...rest] = await this.store.list(); });`),
    ).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:52 - error: The inline function VideosService.publish/1 assigns to "first", a variable of the function around it. A runner has a copy of that variable, so the caller would not see the change.

        11 |   async publish(video: Video) {
        12 |     let first, rest;
      > 13 |     await this.flame.call('ffmpeg', async () => { [first, ...rest] = await this.store.list(); });
           |                                                    ^^^^^
        14 |   }
        15 | }

      Fix: Return the value, and assign the result of the call to "first".

      src/videos.service.ts:13:62 - error: The inline function VideosService.publish/1 assigns to "rest", a variable of the function around it. A runner has a copy of that variable, so the caller would not see the change.

        11 |   async publish(video: Video) {
        12 |     let first, rest;
      > 13 |     await this.flame.call('ffmpeg', async () => { [first, ...rest] = await this.store.list(); });
           |                                                              ^^^^
        14 |   }
        15 | }

      Fix: Return the value, and assign the result of the call to "rest".
      "
    `);
  });

  it('an assignment to a variable of the module', () => {
    expect(inMethod(`    await this.flame.call('ffmpeg', async () => (cache ??= await this.store.list()));`, 'let cache: unknown;'))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:12:50 - error: The inline function VideosService.publish/1 assigns to "cache", a variable of the module. Each runner has its own, so the caller would not see the change.

        10 |
        11 |   async publish(video: Video) {
      > 12 |     await this.flame.call('ffmpeg', async () => (cache ??= await this.store.list()));
           |                                                  ^^^^^
        13 |   }
        14 | }

      Fix: Return the value, and assign the result of the call to "cache".
      "
    `);
  });

  it('an assignment to an exported variable of the module', () => {
    expect(inMethod(`    await this.flame.call('ffmpeg', async () => { published += 1; });`, 'export let published = 0;'))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:12:51 - error: The inline function VideosService.publish/1 assigns to "published", a variable of the module. Each runner has its own, so the caller would not see the change.

        10 |
        11 |   async publish(video: Video) {
      > 12 |     await this.flame.call('ffmpeg', async () => { published += 1; });
           |                                                   ^^^^^^^^^
        13 |   }
        14 | }

      Fix: Return the value, and assign the result of the call to "published".
      "
    `);
  });

  it('a captured local function', () => {
    expect(
      inMethod(`    const crop = (frame: Frame) => frame.slice(1);
    await this.flame.call('ffmpeg', async () => this.store.put(crop(video)));`),
    ).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:64 - error: The inline function VideosService.publish/1 uses "crop", a local function, and functions do not travel.

        11 |   async publish(video: Video) {
        12 |     const crop = (frame: Frame) => frame.slice(1);
      > 13 |     await this.flame.call('ffmpeg', async () => this.store.put(crop(video)));
           |                                                                ^^^^
        14 |   }
        15 | }

      Fix: Make "crop" a method of the class, or move it to the top level of the module.
      "
    `);
  });

  it('a captured function declaration', () => {
    expect(inMethod(`    function crop() {}\n    await this.flame.call('ffmpeg', async () => crop());`)).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:49 - error: The inline function VideosService.publish/1 uses "crop", a local function, and functions do not travel.

        11 |   async publish(video: Video) {
        12 |     function crop() {}
      > 13 |     await this.flame.call('ffmpeg', async () => crop());
           |                                                 ^^^^
        14 |   }
        15 | }

      Fix: Make "crop" a method of the class, or move it to the top level of the module.
      "
    `);
  });

  it('a captured local class', () => {
    expect(inMethod(`    class Crop {}\n    await this.flame.call('ffmpeg', async () => new Crop());`)).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:53 - error: The inline function VideosService.publish/1 uses "Crop", a local class, and classes do not travel.

        11 |   async publish(video: Video) {
        12 |     class Crop {}
      > 13 |     await this.flame.call('ffmpeg', async () => new Crop());
           |                                                     ^^^^
        14 |   }
        15 | }

      Fix: Move "Crop" to the top level of the module.
      "
    `);
  });

  it('the this of a nested function', () => {
    expect(
      inMethod(
        `    const flame = this.flame;\n    video.frames.forEach(function () {\n      void flame.call('ffmpeg', () => this.store);\n    });`,
      ),
    ).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:14:39 - error: The inline function VideosService.publish/1 uses the "this" of a nested function, which is no instance that a runner has, too.

        12 |     const flame = this.flame;
        13 |     video.frames.forEach(function () {
      > 14 |       void flame.call('ffmpeg', () => this.store);
           |                                       ^^^^
        15 |     });
        16 |   }

      Fix: Make the call in a method of the class, with arrow functions between them: they have the "this" of the method.
      "
    `);
  });

  it("the this of an object's method", () => {
    expect(inMethod(`    const flame = this.flame;\n    return { put() { return flame.call('ffmpeg', () => this.store); } };`))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:56 - error: The inline function VideosService.publish/1 uses the "this" of an object's method, which is no instance that a runner has, too.

        11 |   async publish(video: Video) {
        12 |     const flame = this.flame;
      > 13 |     return { put() { return flame.call('ffmpeg', () => this.store); } };
           |                                                        ^^^^
        14 |   }
        15 | }

      Fix: Make the call in a method of the class, with arrow functions between them: they have the "this" of the method.
      "
    `);
  });

  it('a captured variable that holds this', () => {
    expect(inMethod(`    const self = this;\n    await this.flame.call('ffmpeg', async () => self.store.put(video));`))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:49 - error: The inline function VideosService.publish/1 uses "self", a variable that holds "this", and providers do not travel.

        11 |   async publish(video: Video) {
        12 |     const self = this;
      > 13 |     await this.flame.call('ffmpeg', async () => self.store.put(video));
           |                                                 ^^^^
        14 |   }
        15 | }

      Fix: Use "this" in an arrow function: on a runner it is the runner's own instance.
      "
    `);
  });

  it('a captured variable that holds a provider', () => {
    expect(inMethod(`    const { store } = this;\n    await this.flame.call('ffmpeg', async () => store.put(video));`))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:49 - error: The inline function VideosService.publish/1 uses "store", a variable that holds a provider, and providers do not travel.

        11 |   async publish(video: Video) {
        12 |     const { store } = this;
      > 13 |     await this.flame.call('ffmpeg', async () => store.put(video));
           |                                                 ^^^^^
        14 |   }
        15 | }

      Fix: Use "this.store" in the function: there it is the runner's own provider.
      "
    `);
  });

  it('a captured variable that holds a provider by another name', () => {
    expect(inMethod(`    const videos = this.store;\n    await this.flame.call('ffmpeg', async () => videos.put(video));`))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:49 - error: The inline function VideosService.publish/1 uses "videos", a variable that holds a provider, and providers do not travel.

        11 |   async publish(video: Video) {
        12 |     const videos = this.store;
      > 13 |     await this.flame.call('ffmpeg', async () => videos.put(video));
           |                                                 ^^^^^^
        14 |   }
        15 | }

      Fix: Use "this.store" in the function: there it is the runner's own provider.
      "
    `);
  });

  it('arguments of the function around', () => {
    expect(refusal(`  publish(): unknown {\n    return this.flame.call('ffmpeg', () => this.store.put(arguments[0]));\n  }`))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:12:59 - error: The inline function VideosService.publish/1 uses "arguments" of the function around it, which cannot leave that function.

        10 |
        11 |   publish(): unknown {
      > 12 |     return this.flame.call('ffmpeg', () => this.store.put(arguments[0]));
           |                                                           ^^^^^^^^^
        13 |   }
        14 | }

      Fix: Name the parameters, and use them by name.
      "
    `);
  });

  it('new.target of the function around', () => {
    expect(refusal(`  publish(): unknown {\n    return this.flame.call('ffmpeg', () => new.target);\n  }`)).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:12:44 - error: The inline function VideosService.publish/1 uses "new.target" of the function around it, which cannot leave that function.

        10 |
        11 |   publish(): unknown {
      > 12 |     return this.flame.call('ffmpeg', () => new.target);
           |                                            ^^^^^^^^^^
        13 |   }
        14 | }

      Fix: Put "new.target" into a variable before the call, and use what you need of it.
      "
    `);
  });

  it('eval', () => {
    expect(inMethod(`    return this.flame.call('ffmpeg', () => eval('video'));`)).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:12:44 - error: The inline function VideosService.publish/1 calls "eval", which may use any variable around it, so nobody can tell what has to travel.

        10 |
        11 |   async publish(video: Video) {
      > 12 |     return this.flame.call('ffmpeg', () => eval('video'));
           |                                            ^^^^^^^^^^^^^
        13 |   }
        14 | }

      Fix: Write the code out, or call "globalThis.eval", which sees no variables of functions.
      "
    `);
  });

  it('this in a static member', () => {
    expect(refusal(`  static publish(app: App): unknown {\n    return app.get(Flame).call('ffmpeg', () => this.name);\n  }`))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:12:48 - error: The inline function VideosService.publish/1 uses "this" in a static member, where it is the class; a runner finds instances only.

        10 |
        11 |   static publish(app: App): unknown {
      > 12 |     return app.get(Flame).call('ffmpeg', () => this.name);
           |                                                ^^^^
        13 |   }
        14 | }

      Fix: Make the call in a method of a provider, or use no "this" in the function.
      "
    `);
  });

  it('this in a constructor', () => {
    expect(
      refusal(`  static Worker = class {\n    constructor(app: App) {\n      void app.get(Flame).call('ffmpeg', () => this);\n    }\n  };`),
    ).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:48 - error: The inline function Worker.constructor/1 uses "this" in a constructor, when the instance is not ready.

        11 |   static Worker = class {
        12 |     constructor(app: App) {
      > 13 |       void app.get(Flame).call('ffmpeg', () => this);
           |                                                ^^^^
        14 |     }
        15 |   };

      Fix: Make the call in a method, such as onModuleInit.
      "
    `);
  });

  it("this in a field's initial value", () => {
    expect(refusal(`  readonly ready = this.flame.call('ffmpeg', () => this.store.list());`)).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:11:52 - error: The inline function VideosService.ready/1 uses "this" in a field's initial value, when the instance is not ready.

         9 |   constructor(private readonly flame: Flame, private readonly store: VideoStore, private readonly size: number) {}
        10 |
      > 11 |   readonly ready = this.flame.call('ffmpeg', () => this.store.list());
           |                                                    ^^^^
        12 | }
        13 |

      Fix: Make the call in a method, such as onModuleInit.
      "
    `);
  });

  it('this of the module', () => {
    expect(refusal('', `declare const app: App;\nexport const publish = () => app.get(Flame).call('ffmpeg', () => this);`))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:5:66 - error: The inline function dist/videos.service.js#publish/1 uses the "this" of the module, which is no instance that a runner has, too.

        3 | import { VideoStore } from './video-store';
        4 | declare const app: App;
      > 5 | export const publish = () => app.get(Flame).call('ffmpeg', () => this);
          |                                                                  ^^^^
        6 | @Injectable()
        7 | export class VideosService {

      Fix: Make the call in a method of the class, with arrow functions between them: they have the "this" of the method.
      "
    `);
  });

  it('a with statement around, in sloppy mode', () => {
    const code = `var flame = app.get(require('nestjs-flame').Flame);\nwith (videos) flame.call('ffmpeg', () => title);\n`;
    expect(`\n${diagnosticsOf({ code, file: 'src/videos.js', format: 'commonjs' })}\n`).toMatchInlineSnapshot(`
      "
      src/videos.js:2:36 - warning: The inline function src/videos.js#module/1 stands in a "with" statement, so nobody can tell which names are variables.

        1 | var flame = app.get(require('nestjs-flame').Flame);
      > 2 | with (videos) flame.call('ffmpeg', () => title);
          |                                    ^^^^^^^^^^^
        3 |

      Fix: Use variables instead of "with".
      "
    `);
  });

  it('yield of the generator around, which is a name in sloppy mode', () => {
    const code = `function* publish(flame) {\n  flame.call('ffmpeg', () => yield);\n}\n`;
    expect(`\n${diagnosticsOf({ code, file: 'src/videos.js', format: 'commonjs' })}\n`).toMatchInlineSnapshot(`
      "
      src/videos.js:2:30 - warning: The inline function src/videos.js#publish/1 uses "yield" of the generator around it, which cannot leave that function.

        1 | function* publish(flame) {
      > 2 |   flame.call('ffmpeg', () => yield);
          |                              ^^^^^
        3 | }
        4 |

      Fix: Make the function an async function* with a "yield" of its own.
      "
    `);
  });

  it('two things in one function', () => {
    expect(inMethod(`    const { store } = this;\n    await this.flame.call('ffmpeg', async () => { video = await store.list(); });`))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:51 - error: The inline function VideosService.publish/1 assigns to "video", a variable of the function around it. A runner has a copy of that variable, so the caller would not see the change.

        11 |   async publish(video: Video) {
        12 |     const { store } = this;
      > 13 |     await this.flame.call('ffmpeg', async () => { video = await store.list(); });
           |                                                   ^^^^^
        14 |   }
        15 | }

      Fix: Return the value, and assign the result of the call to "video".

      src/videos.service.ts:13:65 - error: The inline function VideosService.publish/1 uses "store", a variable that holds a provider, and providers do not travel.

        11 |   async publish(video: Video) {
        12 |     const { store } = this;
      > 13 |     await this.flame.call('ffmpeg', async () => { video = await store.list(); });
           |                                                                 ^^^^^
        14 |   }
        15 | }

      Fix: Use "this.store" in the function: there it is the runner's own provider.
      "
    `);
  });
});

describe('The compiler warns of', () => {
  it('a variable of the module that another function changes', () => {
    expect(
      inMethod(
        `    await this.flame.call('ffmpeg', async () => this.store.list(limit + limit));`,
        'let limit = 1;\nexport const setLimit = (value: number) => (limit = value);',
      ),
    ).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:65 - warning: The inline function VideosService.publish/1 reads "limit", a variable of the module that another function changes. Each runner has its own value.

        11 |
        12 |   async publish(video: Video) {
      > 13 |     await this.flame.call('ffmpeg', async () => this.store.list(limit + limit));
           |                                                                 ^^^^^
        14 |   }
        15 | }

      Fix: Copy "limit" into a local variable before the call: its value then travels with the call.
      "
    `);
  });

  it('an exported one', () => {
    expect(
      inMethod(
        `    await this.flame.call('ffmpeg', async () => this.store.list(limit));`,
        'export let limit = 1;\nexport const setLimit = (value: number) => (limit = value);',
      ),
    ).toMatchInlineSnapshot(`
      "
      src/videos.service.ts:13:65 - warning: The inline function VideosService.publish/1 reads "limit", a variable of the module that another function changes. Each runner has its own value.

        11 |
        12 |   async publish(video: Video) {
      > 13 |     await this.flame.call('ffmpeg', async () => this.store.list(limit));
           |                                                                 ^^^^^
        14 |   }
        15 | }

      Fix: Copy "limit" into a local variable before the call: its value then travels with the call.
      "
    `);
  });

  it('a refusal where the receiver is Flame by its name only', () => {
    expect(refusal(`  static publish(flame: unknown, count: number): unknown {\n    return flame.call('ffmpeg', () => { count++; });\n  }`))
      .toMatchInlineSnapshot(`
      "
      src/videos.service.ts:12:41 - warning: The inline function VideosService.publish/1 assigns to "count", a variable of the function around it. A runner has a copy of that variable, so the caller would not see the change.

        10 |
        11 |   static publish(flame: unknown, count: number): unknown {
      > 12 |     return flame.call('ffmpeg', () => { count++; });
           |                                         ^^^^^
        13 |   }
        14 | }

      Fix: Return the value, and assign the result of the call to "count".
      "
    `);
  });

  it('a file that it cannot read', () => {
    const code = `import { Flame } from 'nestjs-flame';\n@Injectable()\nexport class Videos { run(flame) { return flame.call('p', () => 1); } }\n`;
    expect(diagnosticsOf({ code, file: 'src/videos.js', format: 'module' })).toMatchInlineSnapshot(`
      "src/videos.js:2:1 - warning: The compiler for inline functions cannot read this file: Unexpected character '@'.

        1 | import { Flame } from 'nestjs-flame';
      > 2 | @Injectable()
          | ^
        3 | export class Videos { run(flame) { return flame.call('p', () => 1); } }
        4 |

      Fix: Compile the file first, with tsc, swc or esbuild: types, decorators and JSX have to be gone."
    `);
  });
});

describe('The compiler says nothing of', () => {
  it.each([
    ['a value of the instance', `    const { size } = this;\n    await this.flame.call('ffmpeg', async () => size);`],
    ['a call of something else', `    let n = 0;\n    this.store.call('x', () => n++);`],
    ['a variable of its own', `    await this.flame.call('ffmpeg', async () => { let n = 0; n++; return n; });`],
    ['what the module sets once', `    await this.flame.call('ffmpeg', async () => limit);`],
    ['a property of a captured object', `    await this.flame.call('ffmpeg', async () => { video.done = true; return video; });`],
    [
      'a method of a captured object with the name of a local function',
      `    const crop = () => 1;\n    await this.flame.call('ffmpeg', async () => video.crop());\n    crop();`,
    ],
  ])('%s', (_, body) => expect(inMethod(body, 'let limit = 1;\nlimit = 2;')).toBe('\n\n'));
});
