import { type Destination, sameDestination } from '../mms/stored-object.ts';

/** The nodes that have registered with the cloud side: only to them can an object be sent. */
export class Registry {
  #nodes: readonly Destination[] = [];

  /** Nodes of an organisation in the order of the store; of one type, if given. */
  of(org: string, type = ''): readonly Destination[] {
    return this.#nodes.filter((node) => node.org === org && (type === '' || node.type === type));
  }

  find(org: string, type: string, id: string): Destination | undefined {
    return this.#nodes.find((node) => sameDestination(node, { org, type, id }));
  }

  add(node: Destination): void {
    if (this.find(node.org, node.type, node.id) !== undefined) return;
    this.#nodes = [...this.#nodes, node].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }

  remove(node: Destination): void {
    this.#nodes = this.#nodes.filter((each) => !sameDestination(each, node));
  }
}

const nameOf = ({ org, type, id }: Destination): string => `${org}:${type}:${id}`;
