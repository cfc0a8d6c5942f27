// Where the buttons of acts stand in live panels. Until an act's question can be asked (`/acts/<name>/`), none is drawn:
// a button that does nothing would be worse. `ActButton({ act, params, label, kind })` of `js/acts.js` takes this one's place.
export const ActButton = () => null;
