/* As in ESP-IDF's FreeRTOS-Kernel/include/freertos/task.h. */
void vTaskDelay(const TickType_t xTicksToDelay);
