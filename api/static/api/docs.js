// Swagger UI on the page /api/v1/docs/: from this site's own files, of this site's own description.
const place = document.getElementById("api");

SwaggerUIBundle({
  url: place.dataset.description,
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
  persistAuthorization: false,
});
