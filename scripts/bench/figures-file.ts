/** The text of docs/figures.md with some of its sections written anew; a section is known by the command that makes it. */
export function replaceSections(text: string, sections: readonly string[]): string {
  const [head = '', ...old] = text.split(/^(?=## )/m);
  const left = [...old];
  for (const section of sections) {
    const place = left.findIndex((one) => commandOf(one) === commandOf(section));
    const block = `${section.trimEnd()}\n\n`;
    if (place === -1) left.push(block);
    else left[place] = block;
  }
  return `${[head, ...left].join('').trimEnd()}\n`;
}

function commandOf(section: string): string {
  return /^`(npm run [^`]+)`$/m.exec(section)?.[1] ?? section;
}
