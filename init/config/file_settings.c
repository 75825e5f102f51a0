#include "config/file_settings.h"

#include <string.h>

#include "config/config.h"
#include "config/source_environment.h"

static void check_templates(const struct config *config, struct faults *faults)
{
	for (size_t i = 0; i < config->template_count; i++) {
		const struct template_settings *settings = &config->templates[i];
		if (settings->from == NULL)
			faults_add(faults, "%s: [template %s] has no from", settings->origin,
				settings->name);
		for (size_t j = 0; j < settings->vars.count; j++) {
			const char *wrong = variable_name_fault(settings->vars.items[j]);
			if (wrong != NULL)
				faults_add(faults,
					"%s: [template %s]: vars (names without $): \"%s\" %s",
					settings->origin, settings->name, settings->vars.items[j],
					wrong);
		}
	}
}

static void check_keys(const struct config *config, struct faults *faults)
{
	for (size_t i = 0; i < config->key_count; i++) {
		const struct key_settings *settings = &config->keys[i];
		if (settings->file == NULL)
			faults_add(faults, "%s: [key %s] has no file", settings->origin,
				settings->name);
		if (settings->bytes < KEY_BYTES_LEAST || settings->bytes > KEY_BYTES_MOST)
			faults_add(faults, "%s: [key %s]: bytes is not between %d and %d",
				settings->origin, settings->name, KEY_BYTES_LEAST, KEY_BYTES_MOST);
		if (settings->prefix != NULL && strlen(settings->prefix) > KEY_PREFIX_MOST)
			faults_add(faults, "%s: [key %s]: prefix has more than %d characters",
				settings->origin, settings->name, KEY_PREFIX_MOST);
	}
}

static void check_steps(const struct config *config, struct faults *faults)
{
	for (size_t i = 0; i < config->step_count; i++) {
		const struct step_settings *settings = &config->steps[i];
		if (settings->command.count > 0 && settings->remove.count > 0)
			faults_add(faults, "%s: [step %s] has both command and remove",
				settings->origin, settings->name);
	}
}

void file_settings_check(const struct config *config, struct faults *faults)
{
	check_templates(config, faults);
	check_keys(config, faults);
	check_steps(config, faults);
}
