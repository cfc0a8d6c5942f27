// Swagger UI on the page /api/v1/docs/: from this site's own files, of this site's own description.
//
// It builds its page from texts, which the policy of the site forbids. The texts are the committed description and
// what this API answers; scripts from texts stay forbidden, and so does every script that is not this site's.
if (window.trustedTypes) {
  window.trustedTypes.createPolicy("default", { createHTML: (text) => text });
}

const place = document.getElementById("api");

SwaggerUIBundle({
  url: place.dataset.description,
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "list",
  validatorUrl: null,
  persistAuthorization: false,
});
