/**
 * JSX elements with suspend points: attributes and children are operands, evaluated from left to right. Text stays where it is.
 *
 * `<p a={f()} {...await g()}>{h()}{await i()}</p>` ↦ `$f = f(); $v = await g(); $spread = { ...$v }; $h = h(); $v = await i()`
 */
import * as t from "@babel/types";

type Operand = t.Expression | t.SpreadElement | null;

/** @param lower keeps what must be kept of operands, and lowers the suspend points among them */
export function lowerElement(
  node: t.JSXElement | t.JSXFragment,
  lower: (operands: Operand[]) => Operand[],
): t.JSXElement | t.JSXFragment {
  const operands: Operand[] = [];
  const places: ((value: t.Expression) => void)[] = [];
  const take = (value: t.Expression, put: (value: t.Expression) => void) => {
    operands.push(value);
    places.push(put);
  };
  const attributes: (t.JSXAttribute | t.JSXSpreadAttribute)[] = [];
  if (t.isJSXElement(node)) {
    node.openingElement.attributes.forEach((one, i) => {
      attributes.push(one);
      if (t.isJSXSpreadAttribute(one)) {
        // A copy, taken in its turn, as the spread into the properties of the element is.
        const copy = t.objectExpression([t.spreadElement(one.argument)]);
        take(copy, (value) => {
          attributes[i] = t.jsxSpreadAttribute(value);
        });
      } else if (t.isJSXExpressionContainer(one.value) && !t.isJSXEmptyExpression(one.value.expression))
        take(one.value.expression, (value) => {
          attributes[i] = { ...one, value: t.jsxExpressionContainer(value) };
        });
      else if (t.isJSXElement(one.value) || t.isJSXFragment(one.value))
        take(one.value, (value) => {
          attributes[i] = { ...one, value: t.jsxExpressionContainer(value) };
        });
    });
  }
  const children = [...node.children];
  node.children.forEach((one, i) => {
    const put = (value: t.Expression) => {
      children[i] = t.jsxExpressionContainer(value);
    };
    if (t.isJSXElement(one) || t.isJSXFragment(one)) take(one, put);
    else if (t.isJSXExpressionContainer(one) && !t.isJSXEmptyExpression(one.expression))
      take(one.expression, put);
    else if (t.isJSXSpreadChild(one))
      take(one.expression, (value) => (children[i] = t.jsxSpreadChild(value)));
  });
  lower(operands).forEach((value, i) => {
    places[i]!(value as t.Expression);
  });
  return t.isJSXElement(node)
    ? { ...node, openingElement: { ...node.openingElement, attributes }, children }
    : { ...node, children };
}
