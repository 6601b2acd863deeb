import type { SeededRandom } from '../../support/seeded-random.js';

/** A variable that generated code may name. */
export interface Name {
  readonly name: string;
  /** How many inline functions are around its declaration; 0 for what the module has. */
  readonly level: number;
  readonly assignable: boolean;
  /** What must not be captured: a function. */
  readonly callable?: boolean;
}

/** Where code is written: what it may use there. */
export interface Place {
  readonly names: readonly Name[];
  /** How many inline functions are around, each with variables of its own; 1 in a method that is no inline function. */
  readonly level: number;
  readonly depth: number;
  /** Whether `this` is the service, `super` its base, and `await` allowed. */
  readonly self: boolean;
  readonly base: boolean;
  readonly async: boolean;
}

const pool = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

/** Writes random code that ends, throws nothing but what it means to, and reads no variable in its dead zone. */
export class Writer {
  /** Inline functions written so far, and what each refused one does wrong. */
  inline = 0;
  readonly refused: string[] = [];

  constructor(readonly random: SeededRandom) {}

  expression(place: Place): string {
    const deeper = { ...place, depth: place.depth - 1 };
    const one = (): string => this.expression(deeper);
    if (place.depth <= 0) return this.leaf(place);
    return this.#pick<() => string>([
      () => this.leaf(place),
      () => `(${one()} + ${one()})`,
      () => `[${one()}, ...[${one()}]]`,
      () => `({ x: ${one()}, [${one()}]: ${one()} })`,
      () => `\`<\${${one()}}>\``,
      () => `(${one()} ? ${one()} : ${one()})`,
      () => `(${one()} ?? ${one()})`,
      () => `${this.#object(place)}?.x`,
      () => this.#called(deeper),
      () => `[${one()}].map((${this.#name()}) => ${this.expression({ ...deeper, async: false })})`,
      () => `helper(${one()})`,
      () => `new (class { x = ${this.#pick(['1', this.#plain(deeper)])}; #y = 2; both() { return [this.x, this.#y]; } })().both()`,
      () => (place.async ? `(await ${one()})` : one()),
      () => (place.async && place.level < 4 ? this.inlineCall(deeper) : one()),
    ])();
  }

  leaf(place: Place): string {
    const visible = this.#visible(place).filter(({ callable }) => !callable);
    return this.#pick<() => string>([
      () => String(this.#below(10)),
      () => `'${this.#name()}'`,
      () => (visible.length ? this.#pick(visible).name : '1'),
      () => (visible.length ? this.#pick(visible).name : '2'),
      () => (visible.length ? `({ ${this.#pick(visible).name} })` : '3'),
      () => this.#call(place),
      () => (place.self ? this.#pick(['this.label', 'this.#secret', 'this.#hidden(1)', 'this.name()']) : 'limit'),
      () => (place.base ? this.#pick(['super.name()', 'super.kind', 'Service.limit']) : 'helper(limit)'),
    ])();
  }

  /** Statements, the last of which returns. None declares a name that is `taken` by a parameter. */
  body(place: Place, taken: readonly string[] = []): string {
    const { text, names } = this.#declarations(place, taken);
    const inside = { ...place, names: [...place.names, ...names], depth: place.depth - 1 };
    const more = Array.from({ length: this.#below(3) }, () => this.#statement(inside));
    return `${text} ${more.join(' ')} return ${this.expression(inside)};`;
  }

  /** A call with an inline function, by `this.flame` or the module's; awaited where it can be. */
  inlineCall(place: Place): string {
    this.inline++;
    const flame = place.self && this.#below(2) ? 'this.flame' : 'app.flame';
    const call =
      this.#below(4) === 0
        ? `Promise.all(${flame}.map('p', [${this.leaf(place)}, 2], ${this.#inlineFunction(place, true)}))`
        : `collect(${flame}.call('p', ${this.#inlineFunction(place, false)}))`;
    return place.async ? `(await ${call})` : call;
  }

  #inlineFunction(place: Place, ofItem: boolean): string {
    const inside: Place = { ...place, level: place.level + 1, depth: Math.min(place.depth, 3) };
    const parameters = ofItem ? this.#parameters(inside) : { text: '()', names: [] as Name[] };
    const within = { ...inside, names: [...inside.names, ...parameters.names] };
    const wrong = this.#wrong(within);
    const written = (async: boolean, own: boolean): string => {
      const there = { ...within, async, ...(own && { base: false }) };
      return wrong
        ? `{ ${wrong} return 1; }`
        : `{ ${this.body(
            there,
            parameters.names.map(({ name }) => name),
          )} }`;
    };
    const forms = [
      () => `${parameters.text} => ${written(false, false)}`,
      () => `async ${parameters.text} => ${written(true, false)}`,
      () =>
        wrong
          ? `async ${parameters.text} => ${written(true, false)}`
          : `${parameters.text} => (${this.expression({ ...within, async: false })})`,
      () => `async function ${parameters.text} ${written(true, true)}`,
      () => `function named${parameters.text} ${written(false, true)}`,
      ...(ofItem
        ? []
        : [() => `async function* () { yield ${this.leaf({ ...within, base: false })}; yield* [1]; ${written(true, true).slice(1, -1)} }`]),
    ];
    return this.#pick(forms)();
  }

  /** Now and then what the compiler has to refuse. */
  #wrong(place: Place): string {
    if (this.#below(40) > 0) return '';
    const captured = this.#visible(place).filter(({ level, assignable }) => level > 0 && level < place.level && assignable);
    if (captured.length === 0) return '';
    const { name } = this.#pick(captured);
    this.refused.push(name);
    return this.#pick([`${name} = 1;`, `[${name}] = [1];`, `({ x: ${name} } = { x: 1 });`, `(() => { ${name} += 1; })();`]);
  }

  #parameters(place: Place): { text: string; names: Name[] } {
    const [first, second] = this.#names(2);
    const own = (name: string): Name => ({ name, level: place.level, assignable: true });
    return this.#pick([
      { text: `(${first})`, names: [own(first!)] },
      { text: `(${first}, ${second})`, names: [own(first!), own(second!)] },
      { text: `(...${first})`, names: [own(first!)] },
      { text: `(${first}, ${second} = ${first})`, names: [own(first!), own(second!)] },
      { text: `({ length: ${first} = 1 }, index)`, names: [own(first!)] },
    ]);
  }

  /** All variables of a block are declared before its other statements: none is read in its dead zone. */
  #declarations(place: Place, taken: readonly string[]): { text: string; names: Name[] } {
    const names: Name[] = [];
    const declared = this.#names(1 + this.#below(3)).filter((name) => !taken.includes(name));
    const others = { ...place, names: place.names.filter(({ name }) => !declared.includes(name)), depth: place.depth - 1 };
    const text = declared.map((name) => {
      const form = this.#below(5);
      const there = { ...others, names: [...others.names, ...names] };
      names.push({ name, level: place.level, assignable: form > 0 && form < 4, ...(form === 4 && { callable: true }) });
      if (form === 4) return `function ${name}(x) { return [x, limit]; }`;
      const value = this.expression(there);
      return [
        `const ${name} = ${value};`,
        `let ${name} = ${value};`,
        `let [${name} = 1] = [${value}];`,
        `let { x: ${name} = ${value} } = {};`,
      ][form];
    });
    return { text: text.join(' '), names };
  }

  #statement(place: Place): string {
    const inside = (name: string): Place => ({
      ...place,
      depth: place.depth - 1,
      names: [...place.names, { name, level: place.level, assignable: true }],
    });
    const name = this.#name();
    const own = this.#visible(place).filter(({ level, assignable }) => level === place.level && assignable);
    const target = own.length ? this.#pick(own).name : undefined;
    const use = (there: Place): string =>
      target && there.names === place.names ? `${target} = ${this.expression(there)};` : `${this.expression(there)};`;
    return this.#pick([
      () => use(place),
      () => (target ? `${target} = ${this.expression({ ...place, depth: 1 })};` : ';'),
      () => `for (const ${name} of [1, 2]) { ${use(inside(name))} }`,
      () => `for (let ${name} = 0; ${name} < 2; ${name}++) { ${this.expression({ ...inside(name), depth: 1 })}; }`,
      () => `try { throw ${this.leaf(place)}; } catch (${name}) { ${use(inside(name))} }`,
      () => `label: { if (${this.leaf(place)}) break label; ${use(place)} }`,
      () => `switch (1) { case 1: const ${name} = 1; ${this.expression({ ...inside(name), depth: 1 })}; }`,
      () => `{ let ${name} = 1; ${this.expression(inside(name))}; }`,
    ])();
  }

  #called(place: Place): string {
    const name = this.#name();
    const inside = { ...place, names: [...place.names, { name, level: place.level, assignable: true }] };
    const sync = { ...inside, async: false };
    return this.#pick([
      () => `((${name}) => ${this.expression(sync)})(${this.leaf(place)})`,
      () => `(([${name} = 1]) => [${this.expression(sync)}])([])`,
      () => `(function (${name}) { return [arguments.length, ${this.expression({ ...sync, self: false, base: false })}]; })(1, 2)`,
      () => (place.async ? `(await (async (${name}) => ${this.expression(inside)})(1))` : '1'),
      () =>
        `((${name} = ${this.leaf({ ...place, names: place.names.filter((other) => other.name !== name) })}) => { ${this.body({ ...sync, depth: 1 }, [name])} })()`,
    ])();
  }

  #plain(place: Place): string {
    return this.expression({ ...place, depth: 1, self: false, base: false, async: false });
  }

  #object(place: Place): string {
    return this.#pick([`({ x: ${this.leaf(place)} })`, 'null', 'undefined']);
  }

  /** A call of a function of this level. */
  #call(place: Place): string {
    const own = this.#visible(place).filter(({ callable, level }) => callable && level === place.level);
    return own.length ? `${this.#pick(own).name}(${this.#below(5)})` : 'helper(4)';
  }

  /** The innermost of each name. */
  #visible(place: Place): Name[] {
    return [...new Map(place.names.map((name) => [name.name, name])).values()];
  }

  #names(count: number): string[] {
    const start = this.#below(pool.length);
    return Array.from({ length: count }, (_, index) => pool[(start + index) % pool.length]!);
  }

  #name = (): string => this.#pick(pool);

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)]!;
  }

  #below(count: number): number {
    return this.random.below(count);
  }
}
