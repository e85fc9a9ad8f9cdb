/** What the webhooks answer, and when their certificates must be renewed: decisions only. */
export {
  failed,
  readAdmissionReview,
  writeAdmissionReview,
  type AdmissionRequest,
  type AdmissionResponse,
} from "./admission-review.ts";
export { planCertificates, type WebhookSecretTexts } from "./certificate-plan.ts";
export { conversionPath, convertReview } from "./conversion-review.ts";
export { reviewAdmission, type AdmissionOptions } from "./review-admission.ts";
export { validatingWebhooks, type ValidatingWebhook } from "./validating-webhooks.ts";
