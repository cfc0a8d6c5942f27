export const ActButton = () => null;
