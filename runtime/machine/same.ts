/** A class whose constructor returns its argument: classes that extend it put their private fields on any object. */
export class Same {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the very point; `super(object)` makes `this` the object
    return object;
  }
}
