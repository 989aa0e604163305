// What a new decision and a new form begin with.
const form = (number) => ({ type: "default", id: `form_${number}`, schemaVersion: 16, title: "New form", "title:zh": "新表单", components: [] });

const decision = (number) => `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="decision_${number}_file" name="Decision ${number}" namespace="urn:praxis:decisions">
  <decision id="decision_${number}" name="Decision ${number}">
    <variable id="decision_${number}_variable" name="decision_${number}"/>
    <decisionTable id="decision_${number}_table" hitPolicy="FIRST">
      <input id="decision_${number}_input" label="Input"><inputExpression id="decision_${number}_expression" typeRef="string"><text>input</text></inputExpression></input>
      <output id="decision_${number}_output" label="Output" name="output" typeRef="string"/>
      <rule id="decision_${number}_rule"><inputEntry id="decision_${number}_in"><text>-</text></inputEntry><outputEntry id="decision_${number}_out"><text>"yes"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
`;

export const NEW_FILES = {
  form: { name: (number) => `forms/form_${number}.json`, content: (number) => `${JSON.stringify(form(number), null, 2)}\n` },
  dmn: { name: (number) => `decision_${number}.dmn`, content: decision },
};
