variable "name" {
  description = "What everything is called; used once in an account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "3 to 32 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "table" {
  description = "The table's name, and its folder below data/."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.table))
    error_message = "Lower-case letters, digits and underscores, a letter first."
  }
}

variable "columns" {
  description = "Columns of the Parquet files with Hive's types, without the partition key."
  type        = list(object({ name = string, type = string }))
}

variable "partition_key" {
  description = "The partition key with Glue's projection.* parameters; null for a table without partitions."
  type        = object({ name = string, type = string, projection = map(string) })
  default     = null
}

variable "scan_limit" {
  description = "Athena ends a statement that reads more, in bytes."
  type        = number
  default     = 10000000000

  validation {
    condition     = var.scan_limit >= 10000000
    error_message = "Athena takes no limit below 10,000,000."
  }
}

variable "trust" {
  description = "ARNs that may take on the roles; the account itself if there are none."
  type        = list(string)
  default     = []
}

variable "webhook" {
  description = "Also tell this address of new files: https://lakefront.example.com/api/v1/events/s3."
  type        = string
  default     = null

  validation {
    condition     = var.webhook == null || can(regex("^https://", var.webhook))
    error_message = "An address that begins with https://."
  }
}

variable "webhook_token" {
  description = "Sent with each call of the webhook as a bearer token."
  type        = string
  default     = null
  sensitive   = true
}

variable "delete_data" {
  description = "Let destroy delete a bucket that is not empty."
  type        = bool
  default     = false
}
